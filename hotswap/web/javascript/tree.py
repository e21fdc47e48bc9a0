"""What can be said of a node of a syntax tree without knowing what it is for. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

DECLARATIONS = frozenset({"function_declaration", "generator_function_declaration"})
EXPRESSIONS = frozenset({"arrow_function", "function_expression", "generator_function"})
FUNCTIONS = DECLARATIONS | EXPRESSIONS | {"method_definition"}
CLASSES = frozenset({"class", "class_declaration"})
NAMES = frozenset({"identifier", "shorthand_property_identifier"})
LITERALS = frozenset({"number", "string", "true", "false", "null", "undefined", "regex"})

ONCE_EVENTS = frozenset({"DOMContentLoaded", "load", "readystatechange", "pageshow"})
"""Events whose listeners have run by the time anybody saves: only running them again shows the edit."""
ONCE_HANDLERS = frozenset({"onload", "onreadystatechange", "onpageshow"})
"""The same as properties: ``window.onload``, ``image.onload``."""


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """Where a file stops being JavaScript. Lines and columns count from 1."""

    line: int
    column: int
    message: str


def text(node: Node | None) -> str:
    """Give a node's source."""
    return (node.text or b"").decode() if node is not None else ""


def part_of(node: Node, name: str) -> Node:
    """Give a child that the grammar promises.

    Raises:
        LookupError: The tree has a fault there, and should not have come this far.
    """
    found = node.child_by_field_name(name)
    if found is None:
        raise LookupError(f"{node.type} without {name}")
    return found


def flags(function: Node) -> str:
    """Give what a function *is*, apart from what it does: ``async``, ``*``, both or neither."""
    return "".join(child.type for child in function.children if child.type in ("async", "*"))


def walk(node: Node) -> Iterator[Node]:
    """Give `node` and everything below it."""
    todo = [node]
    while todo:
        found = todo.pop()
        yield found
        todo.extend(reversed(found.children))


def is_exposed(node: Node) -> bool:
    """Say whether a name is only put where anybody can reach it: ``globalThis.app = { state, draw }``.

    An object stays the same one there: whoever looks at it finds what has become of it.
    """
    inner, around = node, node.parent
    if around is not None and around.type == "pair" and around.child_by_field_name("key") == node:
        return False
    while around is not None and around.type in ("pair", "object", "array"):
        inner, around = around, around.parent
    if around is None or around.type != "assignment_expression":
        return False
    left, right = around.child_by_field_name("left"), around.child_by_field_name("right")
    if right != inner or left is None or left.type != "member_expression":
        return False
    return text(left.child_by_field_name("object")) in ("globalThis", "window", "self")


def mentions(node: Node, without: Sequence[Node] = (), *, exposed: bool = True) -> frozenset[str]:
    """Give the names that `node` may read or write, leaving out the subtrees in `without`.

    Args:
        exposed: Whether those count that are only put into a global object (`is_exposed`).
    """
    skipped = {skip.id for skip in without}
    names = set()
    todo = [node]
    while todo:
        found = todo.pop()
        if found.id in skipped:
            continue
        if found.type in NAMES and (exposed or not is_exposed(found)):
            names.add(text(found))
        todo.extend(found.named_children)
    return frozenset(names)


def block_names(root: Node) -> frozenset[str]:
    """Give the names that blocks within `root` bind: code evaluated in the script's own scope cannot see them.

    ``for (const button of all) button.addEventListener("click", () => show(button))`` is the ordinary case.
    """
    names: set[str] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type == "lexical_declaration":
            for declarator in node.named_children:
                names |= _bound(declarator.child_by_field_name("name"))
        elif node.type == "for_in_statement":
            kind = node.child_by_field_name("kind")
            if kind is not None and kind.type in ("let", "const"):
                names |= _bound(node.child_by_field_name("left"))
        elif node.type == "catch_clause":
            names |= _bound(node.child_by_field_name("parameter"))
        elif node.type in DECLARATIONS | {"class_declaration"}:
            names |= _bound(node.child_by_field_name("name"))
        if node.type not in FUNCTIONS:
            todo.extend(node.named_children)
    return frozenset(names)


def _bound(pattern: Node | None) -> set[str]:
    """Give the names that a pattern binds; those in its defaults are among them, which errs on the safe side."""
    kinds = ("identifier", "shorthand_property_identifier_pattern")
    return {text(found) for found in walk(pattern) if found.type in kinds} if pattern else set()


def shape(node: Node, holes: Sequence[Node] = ()) -> str:
    """Spell a subtree so that spaces and comments do not count, with a hole where each of `holes` stands."""
    places = {hole.id: hole for hole in holes}
    out: list[str] = []

    def spell(found: Node) -> None:
        if found.type == "comment":
            return
        if found.id in places:
            name = found.child_by_field_name("name") if found.type == "method_definition" else None
            access = [c.type for c in found.children if c.type in ("get", "set")]
            out.append(f"\0{found.type}{flags(found)}{''.join(access)}{text(name)}")
        elif not found.children:
            out.append(f"{found.type}\1{text(found)}")
        elif found.type in ("template_string", "string"):
            out.append(text(found))  # spaces inside belong to the value
        else:
            out.append(f"({found.type}")
            for child in found.children:
                if child.type != ";" or child.end_byte != found.end_byte:
                    spell(child)
            out.append(")")

    spell(node)
    return "\2".join(out)


def is_literal(node: Node) -> bool:
    """Say whether evaluating `node` again can only give the same value and do nothing else."""
    kind = node.type
    inner = [child for child in node.named_children if child.type != "comment"]
    if kind in LITERALS:
        return True
    if kind == "template_string":
        return not any(child.type == "template_substitution" for child in inner)
    if kind in ("unary_expression", "binary_expression", "parenthesized_expression", "array"):
        return all(is_literal(child) for child in inner)
    if kind == "object":
        return all(
            child.type == "pair"
            and (key := child.child_by_field_name("key")) is not None
            and key.type != "computed_property_name"
            and (value := child.child_by_field_name("value")) is not None
            and is_literal(value)
            for child in inner
        )
    return False


def directives_end(body: Node) -> int:
    """Give the byte after the directive prologue (``"use strict"``) of a program or function body, or -1."""
    end = -1
    for child in body.named_children:
        if child.type in ("comment", "hash_bang_line"):
            continue
        only = child.named_children[0] if child.type == "expression_statement" else None
        if only is None or only.type != "string" or child.named_child_count != 1:
            break
        end = child.end_byte
    return end


def first_fault(root: Node) -> SyntaxFault:
    """Give the first place that is not JavaScript."""
    first: Node | None = None
    todo = [root]
    while todo:
        node = todo.pop()
        if (node.type == "ERROR" or node.is_missing) and (
            first is None or node.start_byte < first.start_byte
        ):
            first = node
        todo.extend(child for child in node.children if child.has_error or child.is_missing)
    if first is None:
        return SyntaxFault(1, 1, "syntax error")
    if first.is_missing:
        where = first
        message = f"missing {first.type}"
    else:
        # The node covers all that the parser gave up on; what it stumbled over is nearer its end than its beginning.
        where = next((child for child in first.children if child.type == "ERROR"), first)
        words = text(where).split()
        message = f"unexpected {words[0][:40]}" if words else "unexpected end of file"
    return SyntaxFault(where.start_point[0] + 1, where.start_point[1] + 1, message)

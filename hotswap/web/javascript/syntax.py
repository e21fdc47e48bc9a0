"""One JavaScript file as units: what its top level declares, what it runs, and which functions live on. PURE."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import tree_sitter_javascript
from tree_sitter import Language, Parser

from hotswap.web.javascript.model import ClassParts, Group, Import, Kind, Member, Module, Unit
from hotswap.web.javascript.tree import (
    CLASSES,
    DECLARATIONS,
    EXPRESSIONS,
    ONCE_EVENTS,
    ONCE_HANDLERS,
    SyntaxFault,
    block_names,
    first_fault,
    is_literal,
    mentions,
    part_of,
    text,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

LANGUAGE = Language(tree_sitter_javascript.language())

IGNORED = frozenset({"comment", "hash_bang_line", "empty_statement", "html_comment"})
LASTING_CALLS = frozenset({"addEventListener", "addListener", "on", "setInterval"})
"""Calls that keep the function they are given, so that it is worth replacing."""


def digest(source: bytes) -> str:
    """Name a version of a file."""
    return hashlib.blake2b(source, digest_size=8).hexdigest()


@lru_cache(maxsize=256)
def parse(source: bytes) -> Module:
    """Take one file apart. Never raises: what is not JavaScript has a `fault`."""
    module = Module(source=source, digest=digest(source))
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        module.fault = SyntaxFault(line, 1, "not UTF-8")
        return module
    root = Parser(LANGUAGE).parse(source).root_node
    module.root = root
    if root.has_error:
        module.fault = first_fault(root)
        return module
    _scan(module, root)
    for number, node in enumerate(module.statements):
        module.groups[f"@{number}"] = _group(node)
    for unit in module.units.values():
        if unit.kind in ("const", "let", "var"):
            module.groups[unit.name] = _group(unit.node)
    return module


def _scan(module: Module, root: Node) -> None:
    for node in root.named_children:
        kind = node.type
        if kind in IGNORED:
            continue
        if kind == "import_statement":
            module.is_module = True
            module.imports.append(_import(node))
        elif kind == "export_statement":
            module.is_module = True
            _export(module, node)
        else:
            _declaration(module, node, "")
    if b"import.meta" in module.source:
        module.is_module = module.is_module or any(n.type == "meta_property" for n in walk(root))
        _find_accepts(module, root)


def _export(module: Module, node: Node) -> None:
    declared = node.child_by_field_name("declaration")
    value = node.child_by_field_name("value")
    source = node.child_by_field_name("source")
    is_default = any(child.type == "default" for child in node.children)
    if declared is not None:
        _declaration(module, declared, "default" if is_default else "named")
    elif value is not None and value.type in EXPRESSIONS:
        _add(module, Unit("held", "default", value, "default", function=value, value=value))
    elif value is not None and value.type == "class":
        _add(module, Unit("class", "default", value, "default", parts=_parts(value)))
    else:
        if source is not None:
            again = tuple((what, exported) for exported, what in _listed(node)) or _star(node)
            module.imports.append(Import(text(source)[1:-1], source, None, again=again))
        else:
            module.exports.update(_listed(node))
        module.statements.append(node)


def _listed(node: Node) -> Iterator[tuple[str, str]]:
    """Give what ``export { a as b }`` exports."""
    for found in walk(node):
        if found.type == "export_specifier":
            name = found.child_by_field_name("name")
            exported = text(found.child_by_field_name("alias") or name).strip("\"'")
            yield exported, text(name).strip("\"'")


def _star(node: Node) -> tuple[tuple[str, str], ...]:
    """Give what ``export *`` and ``export * as name`` export."""
    space = next((child for child in node.children if child.type == "namespace_export"), None)
    named = space.named_children[0] if space is not None else None
    return (("*", text(named).strip("\"'")),)


def _declaration(module: Module, node: Node, exported: Literal["", "named", "default"]) -> None:
    if node.type in DECLARATIONS:
        name = text(node.child_by_field_name("name")) or "default"
        _add(module, Unit("function", name, node, exported, function=node))
    elif node.type == "class_declaration":
        name = text(node.child_by_field_name("name")) or "default"
        _add(module, Unit("class", name, node, exported, parts=_parts(node)))
    elif node.type in ("lexical_declaration", "variable_declaration"):
        for declarator in node.named_children:
            if declarator.type == "variable_declarator":
                _declarator(module, node, declarator, exported)
    else:
        module.statements.append(node)


def _declarator(
    module: Module, declaration: Node, node: Node, exported: Literal["", "named", "default"]
) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    keyword = declaration.children[0]
    if name is None or name.type != "identifier":
        module.statements.append(node)  # destructuring: a statement that binds several names
        return
    called = text(name)
    if value is not None and value.type in EXPRESSIONS:
        _add(module, Unit("held", called, node, exported, function=value, value=value))
    elif value is not None and value.type == "class":
        _add(module, Unit("class", called, node, exported, parts=_parts(value), value=value))
    elif value is not None and keyword.type == "const" and is_literal(value):
        _add(module, Unit("literal", called, node, exported, value=value, keyword=keyword))
    else:
        kind: Kind = (
            "const" if keyword.type == "const" else "let" if keyword.type == "let" else "var"
        )
        _add(module, Unit(kind, called, node, exported, value=value))


def _add(module: Module, unit: Unit) -> None:
    if unit.name in module.units:
        module.duplicate = unit.name
    module.units[unit.name] = unit
    if unit.exported:
        module.exports["default" if unit.exported == "default" else unit.name] = unit.name


def _parts(node: Node) -> ClassParts:
    body = part_of(node, "body")
    members: dict[str, Member] = {}
    plain = True
    for child in body.named_children:
        member = _member(child)
        if member is not None:
            members[member.key] = member
        if child.type == "field_definition" and not any(c.type == "static" for c in child.children):
            plain = False
        if member is not None and member.name.type == "private_property_identifier":
            plain = plain and member.is_static
    return ClassParts(
        node=node,
        body=body,
        members=members,
        derived=any(child.type == "class_heritage" for child in node.children),
        plain=plain,
    )


def _member(node: Node) -> Member | None:
    if node.type == "method_definition":
        called = part_of(node, "name")
        kinds = [c.type for c in node.children if c.type in ("static", "get", "set")]
        return Member(" ".join([*kinds, text(called)]), node, called, node)
    if node.type == "field_definition":
        name, value = node.child_by_field_name("property"), node.child_by_field_name("value")
        is_static = any(child.type == "static" for child in node.children)
        if (
            name is not None
            and value is not None
            and value.type == "arrow_function"
            and name.type != "computed_property_name"
            and not is_static
        ):
            return Member(f"={text(name)}", node, name, value)
    return None


def _import(node: Node) -> Import:
    source = part_of(node, "source")
    names: list[tuple[str, str]] = []
    clause = next((child for child in node.named_children if child.type == "import_clause"), None)
    for part in clause.named_children if clause is not None else ():
        if part.type == "identifier":
            names.append(("default", text(part)))
        elif part.type == "namespace_import":
            names.append(("*", text(part.named_children[0])))
        elif part.type == "named_imports":
            for specifier in part.named_children:
                if specifier.type == "import_specifier":
                    name = specifier.child_by_field_name("name")
                    local = specifier.child_by_field_name("alias") or name
                    names.append((text(name).strip("\"'"), text(local)))
    attributes = any(child.type == "import_attribute" for child in node.named_children)
    return Import(text(source)[1:-1], source, tuple(names), attributes)


def _group(node: Node) -> Group:
    functions = sorted(_lasting_functions(node), key=lambda found: found.start_byte)
    if functions:
        hidden = block_names(node)
        functions = [found for found in functions if not hidden & mentions(found)]
    return Group(node, tuple(functions))


def _lasting_functions(root: Node) -> Iterator[Node]:
    """Give the functions of a statement that live on and close over nothing but the top level.

    Members of object literals, functions assigned to properties, listeners, interval callbacks. What an unknown
    function is given may have been called already, or never again: it is left to running the statement anew.
    """
    todo = [root]
    while todo:
        node = todo.pop()
        for child in node.named_children:
            if child.type == "method_definition" and node.type == "object":
                name = child.child_by_field_name("name")
                if (
                    name is not None
                    and name.type in ("property_identifier", "string")
                    and not any(found.type == "super" for found in walk(child))
                ):
                    yield child
            elif child.type in EXPRESSIONS:
                if _lasts(child):
                    yield child
            elif child.type not in DECLARATIONS | CLASSES | {"class_body"}:
                todo.append(child)


def _lasts(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "pair":
        return parent.parent is not None and parent.parent.type == "object"
    if parent.type == "assignment_expression":
        left = parent.child_by_field_name("left")
        if left is None or left.type != "member_expression":
            return False
        return text(left.child_by_field_name("property")) not in ONCE_HANDLERS
    if parent.type != "arguments" or parent.parent is None:
        return False
    called = parent.parent.child_by_field_name("function")
    if parent.parent.type != "call_expression" or called is None:
        return False
    name = called.child_by_field_name("property") if called.type == "member_expression" else called
    first = parent.named_children[0]
    once = first.type == "string" and text(first)[1:-1] in ONCE_EVENTS
    return text(name) in LASTING_CALLS and not once


def _find_accepts(module: Module, root: Node) -> None:
    accepted: list[str] = []
    for node in walk(root):
        if node.type != "call_expression":
            continue
        called = node.child_by_field_name("function")
        if text(called).replace("?.", ".") != "import.meta.hot.accept":
            continue
        arguments = node.child_by_field_name("arguments")
        given = [c for c in arguments.named_children if c.type != "comment"] if arguments else []
        if not given or given[0].type not in ("string", "array"):
            module.accepts_itself = True
            continue
        listed = [given[0]] if given[0].type == "string" else given[0].named_children
        accepted += [text(item)[1:-1] for item in listed if item.type == "string"]
    module.accepts = tuple(dict.fromkeys(accepted))

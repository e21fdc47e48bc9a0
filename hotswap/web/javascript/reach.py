"""From where a script's functions are called. Those that its top level alone has called will not run again. PURE.

Replacing such a function changes nothing that anybody could see: the page would go on showing what the old one made.
``init()`` at the end of a file, a constructor of the one ``new Game()``, what a ``DOMContentLoaded`` listener calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from hotswap.web.javascript.syntax import parse
from hotswap.web.javascript.tree import (
    DECLARATIONS,
    EXPRESSIONS,
    ONCE_EVENTS,
    ONCE_HANDLERS,
    flags,
    is_exposed,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tree_sitter import Node

    from hotswap.web.javascript.model import ClassParts, Module

TOP = ""
"""Where the top level itself runs."""
LIVE = "*"
"""Where code may run at any time from now on."""

CALLED_NOW = frozenset(
    ["forEach", "map", "filter", "reduce", "some", "every", "find", "findIndex", "flatMap", "sort"]
)
"""Methods that call the function they are given before they return."""
CALLED_SOON = frozenset(
    {"then", "catch", "finally", "ready", "$", "jQuery", "setTimeout", "queueMicrotask"}
    | {"requestAnimationFrame", "requestIdleCallback"}
)
"""What calls it once, a little later. From a function that may mean again and again (a loop of timers)."""


@dataclass(slots=True)
class Reach:
    """Where each name of a module, or ``.member`` of anything, is mentioned.

    A region is `TOP`, `LIVE`, or the key of the function in whose own body, outside any inner function, it stands.
    """

    mentions: dict[str, set[str]] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)
    """The same, but for those that are only put into a global object."""
    values: dict[str, set[str]] = field(default_factory=dict)
    """Those of `reads` by which a name is taken as a whole, and not one of its members."""
    calls: dict[str, set[str]] = field(default_factory=dict)
    """The same, but whoever takes it as a value may call it at any time: `LIVE`."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """As `calls`, for names of which only a member is taken: ``app`` in ``app.start()``."""
    receivers: dict[str, set[str]] = field(default_factory=dict)
    """By ``.member``: the names of what it is taken from."""


@lru_cache(maxsize=64)
def reach(source: bytes) -> Reach:
    """Give the reach of one version of a file."""
    found = Reach()
    module = parse(source)
    if module.root is not None:
        walker = _Walker(module, found)
        for child in module.root.named_children:
            walker.go(child, TOP)
    return found


def spent(
    module: Module, outside: Mapping[str, Iterable[str]], *, closed: bool = False
) -> frozenset[str]:
    """Give the keys (``init``, ``Game.constructor``, ``app#0``) of what ran and what nothing can call again.

    Args:
        outside: By name, the regions in which other modules use what this one exports, `TOP` or `LIVE`.
        closed: Nobody uses what is exported and not listed there; else it may be called by anybody.
    """
    others = () if closed else (LIVE,)
    found = reach(module.source)
    held = {name for name in module.units if name not in module.exports.values()}
    # Whoever is handed an object may call its methods: only what no value leaves the script by is known to be idle.
    held -= {name for name in held if LIVE in found.calls.get(name, ()) or name in outside}
    where: dict[str, set[str]] = {}
    for name, unit in module.units.items():
        used = set(found.calls.get(name, ()))
        if unit.exported or name in module.exports.values():
            used |= set(outside.get(name, others))
        else:
            used |= set(outside.get(name, ()))
        if unit.function is not None:
            where[name] = used | found.members.get(name, set())
        elif unit.parts is not None:
            where |= _members(name, unit.parts, used, found, held)
        elif unit.value is not None and unit.value.type == "object":
            for number, function in enumerate(_functions(module, name)):
                key = _property(function)
                if key:
                    where[f"{name}#{number}"] = used | found.calls.get(f".{key}", set())
    gone = {key for key, used in where.items() if used}
    while True:
        left = {key for key in gone if all(at == TOP or at in gone for at in where[key] - {key})}
        if left == gone:
            return frozenset(gone)
        gone = left


def _members(
    name: str, parts: ClassParts, used: set[str], found: Reach, held: set[str]
) -> dict[str, set[str]]:
    """Say who calls the constructor and the plain methods of a class; the others may be called by anybody."""
    used = used | found.members.get(name, set())
    where: dict[str, set[str]] = {}
    for key, member in parts.members.items():
        if member.is_constructor:
            where[f"{name}.{key}"] = used
        elif key == text(member.name) and not parts.derived:
            # a base class may call what it knows the name of
            called = found.calls.get(f".{key}", set()) | (used - {TOP})
            if not found.receivers.get(f".{key}", set()) <= held:
                called = called | {LIVE}
            where[f"{name}.{key}"] = called
    return where


def _functions(module: Module, name: str) -> tuple[Node, ...]:
    group = module.groups.get(name)  # a literal has none
    return group.functions if group is not None else ()


def _property(function: Node) -> str:
    holder = function if function.type == "method_definition" else function.parent
    if holder is None or any(child.type in ("get", "set") for child in holder.children):
        return ""
    name = holder.child_by_field_name("name") or holder.child_by_field_name("key")
    direct = holder.parent is not None and holder.parent.parent is not None
    if not direct or name is None or name.type != "property_identifier":
        return ""
    return text(name)


class _Walker:
    def __init__(self, module: Module, found: Reach) -> None:
        self._found = found
        self._keys: dict[int, str] = {}
        self._state: set[int] = set()
        for name, unit in module.units.items():
            if unit.function is not None:
                self._keys[unit.function.id] = name
            if unit.kind in ("let", "var") and unit.value is not None:
                # what it was given first is state: it stays, and the page says so
                self._state.add(unit.value.id)
            for key, member in unit.parts.members.items() if unit.parts is not None else ():
                self._keys[member.function.id] = f"{name}.{key}"
            if unit.value is not None and unit.value.type == "object":
                for number, function in enumerate(_functions(module, name)):
                    self._keys[function.id] = f"{name}#{number}"

    def go(self, node: Node, region: str) -> None:
        """Take down every mention below `node`."""
        kind = node.type
        if node.id in self._state:
            region = LIVE
        if kind in ("identifier", "shorthand_property_identifier"):
            self._mention(text(node), node, region)
        elif kind == "property_identifier":
            parent = node.parent
            if parent is not None and parent.type == "member_expression":
                self._mention(f".{text(node)}", parent, region)
                receiver = parent.child_by_field_name("object")
                if receiver is not None and receiver.type not in ("this", "new_expression"):
                    self._found.receivers.setdefault(f".{text(node)}", set()).add(text(receiver))
        elif kind in DECLARATIONS or kind in EXPRESSIONS or kind == "method_definition":
            inner = self._inner(node, region)
            for child in node.named_children:
                if child.type in ("identifier", "property_identifier"):
                    continue  # its name, or the one parameter of an arrow
                self.go(child, inner)
            return
        elif kind in ("import_statement", "export_clause"):
            return
        elif kind in ("class_declaration", "class"):
            self._class(node, region)
            return
        elif kind == "variable_declarator":
            value = node.child_by_field_name("value")
            if value is not None:
                self.go(value, region)
            return
        for child in node.named_children:
            self.go(child, region)

    def _class(self, node: Node, region: str) -> None:
        for child in node.named_children:
            if child.type == "class_heritage":
                for part in child.named_children:
                    # Called to make the base: once. The base itself goes on living in this class.
                    self.go(part, region if part.type == "call_expression" else LIVE)
            elif child.type == "class_body":
                for part in child.named_children:
                    lives = part.type == "field_definition" and not _is_static(part)
                    self.go(part, LIVE if lives else region)

    def _inner(self, node: Node, region: str) -> str:
        """Give the region of a function's own body."""
        if flags(node):
            return LIVE  # it may stand at an await or a yield, and go on
        key = self._keys.get(node.id)
        if key is not None:
            return key
        return region if _runs_once(node, region) else LIVE

    def _mention(self, name: str, node: Node, region: str) -> None:
        self._found.mentions.setdefault(name, set()).add(region)
        exposed = is_exposed(node)
        if not exposed:
            self._found.reads.setdefault(name, set()).add(region)
        parent = node.parent
        while parent is not None and parent.type == "parenthesized_expression":
            node, parent = parent, parent.parent
        if (
            parent is not None
            and parent.type == "member_expression"
            and _is(parent, "object", node)
        ):
            self._found.members.setdefault(name, set()).add(LIVE)
            return
        if not exposed:
            self._found.values.setdefault(name, set()).add(region)
        called = parent is not None and (
            (parent.type == "call_expression" and _is(parent, "function", node))
            or (parent.type == "new_expression" and _is(parent, "constructor", node))
        )
        if not called and not _runs_once(node, region):
            region = LIVE
        self._found.calls.setdefault(name, set()).add(region)


def _is(parent: Node, field: str, node: Node) -> bool:
    child = parent.child_by_field_name(field)
    return child is not None and child.id == node.id


def _is_static(node: Node) -> bool:
    return any(child.type == "static" for child in node.children)


def _runs_once(node: Node, region: str) -> bool:
    """Say whether a function (or the name of one) stands where it is called once each time that `region` runs."""
    parent = node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type == "call_expression":
        return _is(parent, "function", node)
    if parent.type == "assignment_expression" and _is(parent, "right", node):
        left = parent.child_by_field_name("left")
        name = left.child_by_field_name("property") if left is not None else None
        return text(name) in ONCE_HANDLERS
    if parent.type != "arguments" or parent.parent is None:
        return False
    call = parent.parent.child_by_field_name("function")
    if call is None:
        return False
    called = text(call.child_by_field_name("property") or call)
    first = parent.named_children[0]
    if called in ("addEventListener", "on", "once", "one"):
        return first.type == "string" and text(first)[1:-1] in ONCE_EVENTS
    return called in CALLED_NOW or (called in CALLED_SOON and region == TOP)

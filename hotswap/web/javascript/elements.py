"""Custom elements that stand on the page when their class changes: built once, by the old code. PURE.

What only draws is called again on each of them, in place. What does more (adds listeners, makes a shadow root) would do
it twice: then the page runs anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap.web.javascript.reach import reach
from hotswap.web.javascript.tree import flags, part_of, text, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tree_sitter import Node

    from hotswap.web.javascript.model import ClassParts, Member, Module

CONNECTED = "connectedCallback"
BIRTH = ("constructor", CONNECTED)
"""What the browser calls once for each element (HTML standard, 4.13.3), but for those that are moved."""
GROUNDS: Mapping[str, str] = {
    "gives a value (ECMAScript: String, Number, Boolean, Array, Object, Math, JSON)": """
        String Number Boolean stringify parseInt parseFloat toString toFixed toLocaleString toUpperCase toLowerCase
        trim padStart padEnd replace replaceAll split slice join map filter concat includes find some every keys values
        entries at min max round floor ceil abs""",
    "asks the document (DOM standard: Element, ParentNode, DOMTokenList)": """
        getAttribute hasAttribute querySelector querySelectorAll closest contains""",
    "makes a node that is nowhere yet (Document)": "createElement createTextNode",
    "says how something is to be, so that saying it again changes nothing (Element, DOMTokenList)": """
        setAttribute removeAttribute toggleAttribute replaceChildren add remove toggle""",
}
"""By their ground, names of calls that may be made again."""
HARMLESS = frozenset(name for names in GROUNDS.values() for name in names.split())


def redrawn(
    module: Module, changed: Collection[str]
) -> tuple[list[tuple[str, str]], list[str], set[str]]:
    """Say what becomes of the elements of the classes in `module`, of which the keys in `changed` are new.

    Returns:
        (class, method) pairs to call again on each element, classes whose elements cannot be drawn again, and the
        keys of what the calls run anew.
    """
    again: list[tuple[str, str]] = []
    anew: list[str] = []
    drawn: set[str] = set()
    for name, unit in module.units.items():
        parts = unit.parts
        if parts is None or not parts.derived:
            continue
        if CONNECTED not in parts.members and name not in _registered(module):
            continue
        stale = [
            key for key in sorted(_built_by(module, name, parts)) if f"{name}.{key}" in changed
        ]
        if all(_only_draws(parts, key, ()) for key in stale):
            again += [(name, key) for key in ([CONNECTED] if CONNECTED in stale else stale)]
            drawn.update(f"{name}.{key}" for key in stale)
        else:
            anew.append(name)
    return again, anew, drawn


def _built_by(module: Module, name: str, parts: ClassParts) -> set[str]:
    """Give what runs once for each element: `BIRTH`, and the methods that nothing else calls."""
    found = reach(module.source)
    once = {key for key in BIRTH if key in parts.members}
    while True:
        known = {f"{name}.{key}" for key in once}
        more = {
            key
            for key, member in parts.members.items()
            if key == text(member.name)
            and not found.receivers.get(f".{key}")
            and (used := found.calls.get(f".{key}", set()))
            and used <= known
        }
        if more <= once:
            return once
        once |= more


def _registered(module: Module) -> frozenset[str]:
    """Give the names that stand as an argument of ``customElements.define``."""
    names: set[str] = set()
    for statement in module.statements:
        call = statement.named_children[0] if statement.named_children else statement
        arguments = call.child_by_field_name("arguments")
        called = text(call.child_by_field_name("function"))
        if arguments is not None and called.endswith("customElements.define"):
            names.update(text(part) for part in arguments.named_children)
    return frozenset(names)


def _only_draws(parts: ClassParts, key: str, way: tuple[str, ...]) -> bool:
    """Say whether calling a method twice is as good as calling it once."""
    member = parts.members[key]
    if key == "constructor" or key in way or _takes_part(member):
        return False
    for node in walk(part_of(member.function, "body")):
        if node.type in ("new_expression", "await_expression", "yield_expression", "super"):
            return False
        counts = node.type in ("update_expression", "augmented_assignment_expression")
        target = node.child_by_field_name("argument") or node.child_by_field_name("left")
        if counts and target is not None and target.type != "identifier":
            return False
        if node.type == "call_expression" and not _may_repeat(node, parts, (*way, key)):
            return False
    return True


def _takes_part(member: Member) -> bool:
    parameters = member.function.child_by_field_name("parameters")
    given = parameters is not None and parameters.named_child_count > 0
    return given or bool(flags(member.function)) or member.is_static or member.access != "value"


def _may_repeat(call: Node, parts: ClassParts, way: tuple[str, ...]) -> bool:
    called = part_of(call, "function")
    receiver, name = called.child_by_field_name("object"), called.child_by_field_name("property")
    if receiver is not None and receiver.type == "this" and text(name) in parts.members:
        return _only_draws(parts, text(name), way)
    return text(name or called) in HARMLESS

"""What a function leaves behind when it has run: listeners, timers, observers, closures. PURE.

They were made of its old text and go on with it, whatever the function says from now on. So where these differ between
two versions, a function that has run on a page cannot be replaced there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap.web.javascript.reach import CALLED_NOW, CALLED_SOON
from hotswap.web.javascript.tree import (
    CLASSES,
    DECLARATIONS,
    EXPRESSIONS,
    ONCE_EVENTS,
    ONCE_HANDLERS,
    flags,
    mentions,
    shape,
    text,
    walk,
)

if TYPE_CHECKING:
    from tree_sitter import Node

REGISTERING: Final = frozenset(
    {"addEventListener", "addListener", "on", "setInterval", "subscribe", "observe"}
)
"""Calls whose effect stays, whatever they are given."""
NOW: Final = CALLED_NOW | frozenset(
    {"reduceRight", "findLast", "findLastIndex", "toSorted", "from", "replace", "replaceAll"}
    | {"batch", "untracked", "startViewTransition", "transaction", "load", "traverse"}
    | {"each", "attr", "style", "text", "html", "css", "classed", "property", "join", "call"}
    | {"groupBy", "sortBy", "orderBy", "keyBy", "mapValues", "uniqBy", "sumBy", "maxBy", "minBy"}
)
"""Calls that are done with a function once they return, or soon after: the language's own, D3's, jQuery's, Lodash's."""
LOOPS: Final = frozenset({"while_statement", "do_statement", "for_statement", "for_in_statement"})


def leavings(function: Node) -> tuple[str, ...]:
    """Give what stays after a call of `function`, spelled so that spaces and comments do not count, in its order."""
    found = _Leavings(function)
    found.look(function, frozenset(), soon=False)
    return found.spelled()


class _Leavings:
    def __init__(self, function: Node) -> None:
        self._named: dict[str, Node] = {}
        """Functions within it that have names."""
        self._constants: dict[str, Node] = {}
        """Its ``const`` declarations, by what they bind: what a closure sees of them is worked out by the call."""
        self._left: dict[int, Node] = {}
        self._looked: set[tuple[int, bool]] = set()
        for node in walk(function):
            name = text(node.child_by_field_name("name"))
            if node.type in DECLARATIONS and node.id != function.id:
                self._named[name] = node
            elif node.type == "variable_declarator":
                value = node.child_by_field_name("value")
                if value is not None and value.type in EXPRESSIONS:
                    self._named[name] = value
                elif node.parent is not None and text(node.parent).startswith("const"):
                    self._constants[name] = node

    def spelled(self) -> tuple[str, ...]:
        return tuple(shape(node) for _, node in sorted(self._left.items()))

    def look(self, function: Node, chain: frozenset[str], *, soon: bool) -> None:
        """Look through what a call of one function does.

        Args:
            chain: The names of the functions whose calls lead here.
            soon: It is called a little later: by a promise, a timer, the next frame.
        """
        if (function.id, soon) in self._looked:
            return
        self._looked.add((function.id, soon))
        body = function.child_by_field_name("body")
        if body is None:
            return
        if flags(function):
            for node in walk(body):
                if node.type in LOOPS and _goes_on(node):
                    self._leave(node)  # it may stand in there for ever
        if body.type in EXPRESSIONS:
            self._leave(body)  # ``a => b => ...``
        else:
            self._go(body, chain, soon=soon)

    def _go(self, node: Node, chain: frozenset[str], *, soon: bool) -> None:
        kind = node.type
        if kind == "comment" or kind in DECLARATIONS:
            return  # looked at where it is mentioned
        if kind in CLASSES:
            self._leave(node)
            return
        if kind in EXPRESSIONS or kind == "method_definition":
            self._function(node, chain, soon=soon)
            return
        if kind in ("identifier", "shorthand_property_identifier"):
            self._mention(node, chain, soon=soon)
            return
        if _stays(node):
            self._leave(node)
            return
        for child in node.named_children:
            self._go(child, chain, soon=soon)

    def _function(self, node: Node, chain: frozenset[str], *, soon: bool) -> None:
        parent = _around(node)
        if parent is not None and parent.type == "variable_declarator":
            return
        when = _called(node)
        if when == "":
            self._leave(_holder(node))
        else:
            self.look(node, chain, soon=soon or when == "soon")

    def _mention(self, node: Node, chain: frozenset[str], *, soon: bool) -> None:
        name = text(node)
        function, parent = self._named.get(name), _around(node)
        if function is None or parent is None:
            return
        if parent.type == "variable_declarator" and parent.child_by_field_name("name") == node:
            return
        when = _called(node)
        soon = soon or when == "soon"
        if when == "" or (soon and name in chain):  # handed on, or a loop of timers
            self._leave(function)
        elif name not in chain:
            self.look(function, chain | {name}, soon=soon)

    def _leave(self, node: Node) -> None:
        if node.start_byte in self._left:
            return
        self._left[node.start_byte] = node
        for name in sorted(mentions(node)):
            for table in (self._named, self._constants):
                found = table.get(name)
                if found is not None and not _within(found, node):
                    self._leave(found)


def _around(node: Node) -> Node | None:
    parent = node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        parent = parent.parent
    return parent


def _called(node: Node) -> str:
    """Say when a function (or the name of one) that stands here is called: ``now``, ``soon``; ``""``: who knows."""
    parent = _around(node)
    if parent is None:
        return ""
    if parent.type == "call_expression":
        return "now"
    if parent.type == "assignment_expression":
        left = parent.child_by_field_name("left")
        member = left.child_by_field_name("property") if left is not None else None
        return "soon" if text(member) in ONCE_HANDLERS else ""
    if parent.type != "arguments" or parent.parent is None:
        return ""
    call = parent.parent
    name = _name(call)
    if call.type == "new_expression":
        return "now" if name == "Promise" else ""
    if name in NOW:
        return "now"
    first = parent.named_children[0]
    once = first.type == "string" and text(first)[1:-1] in ONCE_EVENTS
    return "soon" if name in CALLED_SOON or (name == "addEventListener" and once) else ""


def _stays(node: Node) -> bool:
    """Say whether a call or an assignment has an effect that stays: a listener, an interval, an observer."""
    if node.type == "assignment_expression":
        left = node.child_by_field_name("left")
        name = text(left.child_by_field_name("property")) if left is not None else ""
        return name.startswith("on") and name.islower() and name not in ONCE_HANDLERS
    if node.type == "new_expression":
        return _name(node).endswith("Observer")
    if node.type != "call_expression" or _name(node) not in REGISTERING:
        return False
    arguments = node.child_by_field_name("arguments")
    first = arguments.named_children[0] if arguments and arguments.named_children else None
    return first is None or first.type != "string" or text(first)[1:-1] not in ONCE_EVENTS


def _name(call: Node) -> str:
    called = call.child_by_field_name(
        "constructor" if call.type == "new_expression" else "function"
    )
    if called is None:
        return ""
    member = called.child_by_field_name("property")
    return text(member if member is not None else called)


def _holder(node: Node) -> Node:
    """Give what a function is a part of: what it is given to, or put into, counts as much as what it says."""
    parent = _around(node)
    if parent is not None and parent.type in ("pair", "assignment_expression"):
        return parent
    if parent is not None and parent.type == "arguments" and parent.parent is not None:
        return parent.parent
    return node


def _goes_on(loop: Node) -> bool:
    """Say whether a loop waits in its turns, and does not go over something that is there already."""
    if loop.type == "for_in_statement" and not any(c.type == "await" for c in loop.children):
        return False
    if loop.type == "for_statement" and loop.child_by_field_name("increment") is not None:
        return False
    waits = any(n.type in ("await_expression", "yield_expression") for n in walk(loop))
    return waits or loop.type == "for_in_statement"


def _within(inner: Node, outer: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte

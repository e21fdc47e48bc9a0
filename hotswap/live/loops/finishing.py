"""The moves that let a frame finish the turn in flight before it goes on in the new body.

Innermost loop with an image first, then outwards; then loops that another kind of statement took the place of.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from hotswap.live.loops import bridge as bridges
from hotswap.live.loops.bytecode import Facts, cells, slot_names
from hotswap.live.loops.images import Likeness, loop_image
from hotswap.live.loops.model import Refused
from hotswap.live.loops.moves import Move, fitted
from hotswap.live.loops.names import bindings_before, parameters
from hotswap.live.loops.order import keep_order, passed
from hotswap.live.loops.places import (
    GO,
    TURN,
    Function,
    Loop,
    Place,
    Step,
    bound_in,
    dump,
    opaque_of,
    own_nodes,
    places,
    sets_turn,
    test_of,
    turn_of,
    way_to,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotswap.live.loops.decision import Decision


def moves(
    decision: Decision, place: Place, depth: tuple[str, ...], like: Likeness
) -> Iterator[Move]:
    """Give the moves of a frame parked at `place`, best first; note why others are not possible."""
    old, new = decision.old.function, decision.new.function
    for loop in reversed(place.loops):
        try:
            found = loop_image(loop, place, old, new, like)
            if found is not None:
                yield _spliced(decision, place, loop, found, depth)
        except Refused as refusal:
            decision.because(refusal.reason)
    for loop in reversed(_all_loops(place)):
        try:
            found = loop_image(loop, place, old, new, like.kin)
            if found is not None:
                yield _handed_over(decision, place, loop, found, depth)
        except Refused as refusal:
            decision.because(refusal.reason)


def _all_loops(place: Place) -> tuple[Loop, ...]:
    """Give the loops around a place, and the ``async for`` that it is."""
    return (*place.loops, place.node) if isinstance(place.node, ast.AsyncFor) else place.loops


def _part(loop: Loop, place: Place) -> tuple[list[ast.stmt], ast.expr | None, int]:
    """Give what the turn in flight is made of: body, the test that the frame is parked in, how far they are moved."""
    body, half = turn_of(loop, place.halves)
    halves, test = {half}, None
    if isinstance(loop, ast.While) and any(n is loop and f == "test" for n, f in place.chain):
        test, half = test_of(loop, place.halves)
        halves.add(half)
    if any(sets_turn(node) for s in body for node in (s, *own_nodes(s))):
        raise Refused("its turn has not ended since the last edit")
    return body, test, 0 if halves == {"old"} else 1


def _spliced(
    decision: Decision, place: Place, loop: Loop, found: Loop, depth: tuple[str, ...]
) -> Move:
    """Give the move into the new loop, which holds the old turn too."""
    body, test, shift = _part(loop, place)
    old_body: list[ast.stmt] | None = body
    if test is not None and isinstance(found, ast.While) and _goes_on(test, found.test):
        old_body = None
    function = bridges.splice(decision.new.function, found, old_body, test, shift)
    turn = test is not None and old_body is not None
    return _into(decision, place, function, depth, shift, turn=turn)


def _goes_on(old: ast.expr, new: ast.expr) -> bool:
    """Tell whether the new body can go on from the old test: what that got, the new test would have got too."""
    waits = any(isinstance(n, (ast.Await, ast.Yield, ast.YieldFrom)) for n in ast.walk(new))
    return waits and bound_in(old) <= bound_in(new)


def _handed_over(
    decision: Decision, place: Place, loop: Loop, found: Loop, depth: tuple[str, ...]
) -> Move:
    """Give the move into the last turn of the old loop, which then enters the statement that took its place.

    Raises:
        Refused: The statement would run again what has run before the old loop.
    """
    body, test, shift = _part(loop, place)
    new = decision.new.function
    chain = place.chain[: _depth_of(loop, place)]
    statement, left = _successor(chain, found, new)
    mine = {dump(s) for s in passed(loop, decision.old.function)}
    for again in passed(found, statement):
        if dump(again) in mine:
            raise Refused(f"line {again.lineno} has run, and would run again")
    header = test is not None or loop is place.node
    function = bridges.hand_over(
        new, statement, loop, (body, test), shift, header=header, left=left
    )
    return _into(decision, place, function, depth, shift, turn=header)


def _successor(
    chain: Sequence[Step], found: Loop, new: Function
) -> tuple[ast.stmt, list[ast.With | ast.AsyncWith]]:
    """Give the statement of the new function that the old loop hands over to, and what is left before that.

    Args:
        chain: What lies around the old loop.
        found: The loop that took its place.
        new: The function with that.

    Raises:
        Refused: It lies in something that the frame has not entered and cannot enter, or the other way round.
    """
    around = opaque_of(chain)
    way = way_to(found, new)
    entered = [
        node
        for node, field in chain
        if isinstance(node, (ast.With, ast.AsyncWith)) and field == "body"
    ]
    for fewer in range(len(around) + 1):
        left = entered[len(entered) - fewer :]
        if (
            len(left) < fewer
            or opaque_of([(n, "body") for n in left]) != around[len(around) - fewer :]
        ):
            break
        for index in range(len(way) - 1, -1, -1):
            inner = way[index + 1][0] if index + 1 < len(way) else found
            same = opaque_of(way[: index + 1]) == around[: len(around) - fewer]
            if same and isinstance(inner, ast.stmt) and way[index][1] != "handlers":
                return inner, left
    raise Refused("the loop around its await was nested differently")


def _depth_of(loop: Loop, place: Place) -> int:
    return next((i for i, (node, _) in enumerate(place.chain) if node is loop), len(place.chain))


def _into(
    decision: Decision,
    place: Place,
    function: Function,
    depth: tuple[str, ...],
    shift: int,
    *,
    turn: bool,
) -> Move:
    """Give the move of the frame to the image of its own await in a bridge.

    Args:
        decision: Of the frame.
        place: Where it is parked.
        function: The bridge.
        depth: Kinds of what lies on its value stack.
        shift: How many times the columns of the old turn were moved.
        turn: What the hidden local is: true when the turn's body has yet to begin.
    """
    old, new = decision.old.code, decision.new.code
    hidden = {TURN: turn, GO: False}
    mine = [
        n
        for n in decision.names
        if n not in old.co_freevars and n.isidentifier() and n not in hidden
    ]
    crossed = (decision.old.globals & set(slot_names(new))) | (decision.new.globals & set(mine))
    if crossed:
        raise Refused(f"{min(crossed)} changed between local and global")
    written = ast.Module([*function.body], [])  # the bridge's own declarations bind nothing
    bridges.declared(function, mine, [n for n in mine if n in cells(old)])
    code = bridges.compile_in_place(
        function, decision.new.function, decision.new.module, decision.filename, new.co_qualname
    )
    facts = Facts(code)
    here = _moved(place.node, shift)
    landed = [
        p for p in places(function, facts) if _moved(p.node, 0) == here and p.opaque == place.opaque
    ]
    if len(landed) != 1:
        raise Refused("the loop around its await was nested differently")
    target = decision.landing(place, landed[0], facts, depth)
    sources, wrapped, given = decision.carried(target, hidden)
    owner = decision.new.owner
    before = parameters(function, owner) + bindings_before(landed[0], written, owner)
    keep_order(place, decision.old.function, landed[0], written)
    fresh = decision.fresh(target, before, facts, tuple(hidden))
    changed, notes = decision.edited(place, landed[0], written, before, target, fresh)
    return Move(
        kind="finish",
        landing=fitted(target, decision.capacity),
        sources=sources,
        wrapped=wrapped,
        given=given,
        fresh=fresh,
        constants=changed,
        notes=notes,
        line=place.line,
        node=function,
    )


def _moved(node: ast.AST, times: int) -> tuple[Any, ...]:
    at = bridges.aside_of(node, times)
    return at["lineno"], at["col_offset"], at["end_lineno"], type(node)

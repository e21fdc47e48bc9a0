"""How frames parked at one point take new code: worked out once, settled for each of them.

Pure but for the initialisers it evaluates.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import CellType
from typing import TYPE_CHECKING, Any

from hotswap.live.journal import MISSING
from hotswap.live.loops.initialisers import Around
from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping

    from hotswap.live.loops.frames import Parked
    from hotswap.live.loops.initialisers import Initialiser
    from hotswap.live.loops.landing import Landing
    from hotswap.live.loops.model import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A local that a line sets to a constant once, and the edit to another one."""

    slot: int
    name: str
    old: Any
    new: Any
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """How frames parked at one point take the new code. Holds for every frame with the same names bound."""

    kind: Kind
    landing: Landing
    sources: tuple[int | None, ...]
    """By slot of the new frame: which slot of the old one it comes from."""
    wrapped: frozenset[int]
    """Slots whose plain value goes into a new cell."""
    given: Mapping[int, Any] = field(default_factory=dict)
    """Slots that are given a value."""
    fresh: tuple[tuple[int, Initialiser], ...] = ()
    """Slots that a pure initialiser fills, anew for each frame."""
    constants: tuple[Exchange, ...] = ()
    """Slots whose frame still has the old constant get the new one."""
    notes: tuple[str, ...] = ()
    line: int = 0
    node: ast.AST | None = None
    """Syntax of the landing's code."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Old name -> new name of locals that the edit calls otherwise; all else here says the new ones."""


def settle(move: Move, parked: Parked) -> tuple[list[Any], list[str]]:
    """Give the new frame's slots for one parked frame, and what its user should know.

    Raises:
        Refused: An initialiser has no value for this frame.
    """
    slots = [MISSING if source is None else parked.slots[source] for source in move.sources]
    for slot, value in move.given.items():
        slots[slot] = value
    notes = [f"{old} is called {new} now" for old, new in move.renamed.items()]
    notes += move.notes
    for slot in move.wrapped:
        slots[slot] = CellType() if slots[slot] is MISSING else CellType(slots[slot])
    if not move.fresh and not move.constants:
        return slots, notes
    locals_ = {move.renamed.get(name, name): value for name, value in _bound(parked)}
    shared = {n: s for n, s in zip(move.landing.names, slots, strict=True) if type(s) is CellType}
    around = Around(locals_, parked.globals, shared)

    def bind(slot: int, value: Any) -> None:
        if slot in move.wrapped:
            slots[slot].cell_contents = value
        else:
            slots[slot] = value

    for slot, made in move.fresh:
        value = made.evaluate(around)
        locals_[made.binding.name] = value
        bind(slot, value)
        notes.append(f"{made.binding.name} is new: {_short(value)}")
    for one in move.constants:
        live = locals_.get(one.name, MISSING)
        if type(live) is type(one.old) and repr(live) == repr(one.old):
            notes.append(f"{one.name} is {_short(one.new)} now (line {one.line})")
            bind(one.slot, one.new)
        else:
            notes.append(f"{one.name} keeps {_short(live)}: line {one.line} does not run again")
    return slots, notes


def fitted(target: Landing, capacity: int) -> Landing:
    """Give the landing in a code object that fills the frame's capacity exactly.

    Raises:
        Refused: There is no room.
    """
    room = capacity - len(target.names)
    if room < max(target.own_stack, len(target.stack) + 1):
        raise Refused("no room for so many new locals")
    if room == target.code.co_stacksize:
        return target
    return replace(target, code=target.code.replace(co_stacksize=room))


def _bound(parked: Parked) -> Iterator[tuple[str, Any]]:
    for name, filled in zip(parked.names, parked.bound, strict=True):
        if filled:
            yield name, parked.value(name)


def _short(value: object) -> str:
    if type(value) not in (int, float, str, bytes, bool, type(None), tuple, list, dict, set):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

"""A coroutine or generator that has not begun runs the new code from the top, if its arguments fit."""

from __future__ import annotations

from dataclasses import dataclass
from types import CellType, CodeType
from typing import TYPE_CHECKING, Any

from hotswap.live.journal import MISSING
from hotswap.live.loops.landing import landing
from hotswap.live.loops.model import Refused
from hotswap.live.loops.moves import Move, fitted

if TYPE_CHECKING:
    from hotswap.live.loops.decision import Side
    from hotswap.live.loops.frames import Parked


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """The move of one frame, with its slots."""

    move: Move
    slots: list[Any]


def begin(parked: Parked, old: Side, new: Side) -> Begun:
    """Give the move that lets the frame run `new` from the top.

    Raises:
        Refused: The arguments that it was called with do not fit.
    """
    target = fitted(landing(new.facts, new.facts.start), parked.capacity)
    before, after = _parameters(old.code), _parameters(new.code)
    values = _arguments(parked, before, after, new.code)
    slots: list[Any] = []
    own = dict(zip(parked.names, parked.slots, strict=True))
    for name in target.names:
        if name in new.code.co_freevars:
            cell = (
                own.get(name, MISSING)
                if name in old.code.co_freevars
                else _captured(parked, new.code, name)
            )
            if cell is MISSING:
                raise Refused(f"it captures {name} now, which it did not")
            slots.append(cell)
        elif name in target.cells:
            slots.append(CellType(values[name]) if name in values else CellType())
        else:
            slots.append(values.get(name, MISSING))
    line = new.code.co_firstlineno
    return Begun(Move("unstarted", target, (), frozenset(), line=line, node=new.node), slots)


@dataclass(frozen=True, slots=True)
class _Parameters:
    names: tuple[str, ...]
    shape: tuple[int, int, int, bool, bool]
    """How many are positional only, positional and keyword only; whether there are ``*args`` and ``**kwargs``."""


def _parameters(code: CodeType) -> _Parameters:
    # CO_VARARGS, CO_VARKEYWORDS
    rest, keywords = bool(code.co_flags & 0x04), bool(code.co_flags & 0x08)
    count = code.co_argcount + code.co_kwonlyargcount + rest + keywords
    shape = (code.co_posonlyargcount, code.co_argcount, code.co_kwonlyargcount, rest, keywords)
    return _Parameters(code.co_varnames[:count], shape)


def _arguments(
    parked: Parked, before: _Parameters, after: _Parameters, code: CodeType
) -> dict[str, Any]:
    """Bind the new parameters: by name, renamed ones by place, new ones from the patched function's defaults.

    Raises:
        Refused: One of them has no value, or one that was passed would be lost.
    """
    passed = {name: parked.value(name) for name in before.names}
    if before.shape == after.shape and _same_or_renamed(before.names, after.names):
        return {new: passed[old] for old, new in zip(before.names, after.names, strict=True)}
    common = tuple(name for name in after.names if name in passed)
    if common != before.names or before.shape[3:] != after.shape[3:]:  # gone, or in another order
        raise Refused("its arguments do not fit the new parameters")
    missing = [name for name in after.names if name not in passed]
    function = parked.function
    if missing and function.__code__ is not code:
        raise Refused(f"its arguments do not fit: {missing[0]} is new")
    defaults = dict(function.__kwdefaults__ or {})
    positional = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    defaults.update(zip(positional[len(positional) - len(given) :], given, strict=True))
    for name in missing:
        if name not in defaults:
            raise Refused(f"its arguments do not fit: {name} is new")
        passed[name] = defaults[name]
    return passed


def _same_or_renamed(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Tell whether each name stayed in its place or became one that was not there: never two exchanged."""
    return all(a == b or (b not in old and a not in new) for a, b in zip(old, new, strict=True))


def _captured(parked: Parked, code: CodeType, name: str) -> Any:
    """Give the cell of a newly captured name from the patched function, if it is patched already."""
    function = parked.function
    if function.__code__ is not code or function.__closure__ is None:
        return MISSING
    return function.__closure__[code.co_freevars.index(name)]

"""A point of a code object at which a frame can be parked, with everything that has to hold for it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap.live.loops.bytecode import Facts, cells, slot_names
from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from types import CodeType


@dataclass(frozen=True, slots=True)
class Landing:
    """A point at which a frame can be parked, with everything that has to hold for it there."""

    code: CodeType
    offset: int
    names: tuple[str, ...]
    cells: frozenset[str]
    stack: tuple[str, ...]
    own_stack: int
    demanded: frozenset[str]
    started: bool
    delegates: bool
    """Parked in an await or ``yield from``; 3.13 keeps that in the generator's state byte."""


def landing(facts: Facts, offset: int) -> Landing:
    """Describe the point `offset` of ``facts.code``.

    Raises:
        Refused: Frames cannot be parked there.
    """
    code = facts.code
    following = facts.at[offset] + 1
    resume = facts.instructions[following] if following < len(facts.instructions) else None
    started = offset != facts.start
    if started and (resume is None or resume.opname != "RESUME"):
        raise Refused("the byte code is not as we know it")
    return Landing(
        code=code,
        offset=offset,
        names=slot_names(code),
        cells=cells(code),
        stack=facts.parked(offset),
        own_stack=facts.own_stack,
        demanded=facts.demanded(offset),
        started=started,
        delegates=started and resume is not None and ((resume.arg or 0) & 3) >= 2,
    )

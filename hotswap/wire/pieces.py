"""A message that a handler takes in pieces: a length and then so many bytes, a header and then a body.

A handler that is entered again begins at the top. When it had taken the length and waited for the bytes, these would be
read as a length: whoever begins at the top is given what was taken since then once more. That is what the handler has
read since it last spoke to its client and since it last stood where it stood first; what it took in turns of a loop
that are over is done with. An example, where the handler waits at B (each letter a place where it reads)::

    A B A B A [B]       the last A is given again: A is where its loop begins
    A B B B [B]         all is, where A and B are of one loop: a head, its fields
    A B B B [B]         A alone is, where the loop is only around B: who it is, what it tells
    A A A [A]           nothing is
"""

from __future__ import annotations

import asyncio
import dis
import functools
import sys
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_ITERABLE_COROUTINE
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, FrameType

LIMIT = 1 << 20
"""Bytes that are remembered of one message; a longer one is read on, and its handler begins anew in the midst of it."""

_SUSPENDABLE = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR | CO_ITERABLE_COROUTINE

Place = tuple[int, ...]
"""Where a handler stands: identity of the code and an instruction for each of its frames, the innermost first.

Not the code itself: its hash is worked out anew each time, from all that it holds, at 2 us for each frame.
"""

Piece = TypeVar("Piece", bytes, tuple[str, "str | bytes"])


class Loop(NamedTuple):
    """The outermost loop around a place."""

    outside: Place
    """The frames around the one that loops."""
    code: int
    first: int
    last: int

    def around(self, place: Place) -> bool:
        """Say whether `place` is in it as well."""
        inner = len(place) - len(self.outside)
        if inner < 2 or place[inner:] != self.outside:
            return False
        code, at = place[inner - 2 : inner]
        return code == self.code and self.first <= at <= self.last


class Pieces(Generic[Piece]):
    """What one handler has taken of a message that it has not answered."""

    __slots__ = ("_loop", "_off", "_places", "_size", "_taken", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[object] | None = None
        """The handler's own: what other tasks read for it, nobody knows the place of."""
        self._taken: list[Piece] = []
        self._places: dict[Place, int] = {}
        """Where it has stood since, and how much it had taken before."""
        self._loop: Loop | None = None
        self._size = 0
        self._off = False

    def ask(self) -> None:
        """The caller of this function's caller reads."""
        if self._off:
            return
        if self.task is None or asyncio.current_task() is not self.task:
            self._off = True
            self.answered()
            return
        place, loop, _ = _place(sys._getframe(2))
        before = self._places.get(place)
        if before is None:
            if not self._places:
                self._loop = loop
            self._places[place] = len(self._taken)
        elif not before or self._loop is None or not self._loop.around(place):
            del self._taken[before:]
            if before:
                self._places = {at: count for at, count in self._places.items() if count < before}
            else:
                self._places.clear()
            self._size = sum(map(_size, self._taken))
            self._places[place] = before
            if not before:
                self._loop = loop

    def took(self, piece: Piece) -> None:
        """It was given `piece`."""
        if self._places:
            self._taken.append(piece)
            self._size += _size(piece)
            if self._size > LIMIT:
                self.answered()

    def answered(self) -> None:
        """It has spoken, or what it took cannot be told: nothing of that is given again."""
        if self._places:
            self._taken.clear()
            self._places.clear()
            self._size = 0

    @property
    def unanswered(self) -> list[Piece]:
        """What must be given again to a handler that begins at the top."""
        return list(self._taken)


def _size(piece: bytes | tuple[str, str | bytes]) -> int:
    return len(piece) if isinstance(piece, bytes) else len(piece[1])


Known = tuple[Place, "Loop | None", tuple["CodeType", ...]]
"""A place as it is written, the loop around it, and its code, which lives on here."""

_known: dict[Place, Known] = {}
"""The same by places as they are executed."""

KNOWN = 4096
"""Places remembered before all are looked at anew."""


def _place(frame: FrameType | None) -> Known:
    """Give where a handler stands that is at `frame`: the frames that it suspends when it waits."""
    codes: list[CodeType] = []
    numbers: list[int] = []
    while frame is not None and (code := frame.f_code).co_flags & _SUSPENDABLE:
        codes.append(code)
        numbers += id(code), frame.f_lasti
        frame = frame.f_back
    executed = tuple(numbers)
    found = _known.get(executed)
    if found is None:
        for depth, code in enumerate(codes):
            numbers[2 * depth + 1] = _written(code, executed[2 * depth + 1])
        if len(_known) >= KNOWN:
            _known.clear()
        place = tuple(numbers)
        found = _known[executed] = place, _loop_around(place, codes), tuple(codes)
    return found


def _written(code: CodeType, at: int) -> int:
    """Give one instruction for all that one place in the source became: a ``while`` has its condition twice."""
    positions = list(code.co_positions())
    here = positions[at // 2]
    return 2 * max(number for number, position in enumerate(positions) if position == here)


def _loop_around(place: Place, codes: Sequence[CodeType]) -> Loop | None:
    """Give the outermost loop around a place, if there is one."""
    for depth in range(len(codes) - 1, -1, -1):
        at = place[2 * depth + 1]
        around = [(first, last) for first, last in _loops(codes[depth]) if first <= at <= last]
        if around:
            first = min(first for first, _ in around)
            last = max(last for _, last in around)
            return Loop(place[2 * depth + 2 :], place[2 * depth], first, last)
    return None


@functools.lru_cache(maxsize=256)
def _loops(code: CodeType) -> tuple[tuple[int, int], ...]:
    """Give the loops of a function as offsets; waiting, which goes back to itself, is none."""
    return tuple(
        (step.argval, step.offset)
        for step in dis.get_instructions(code)
        if "JUMP_BACKWARD" in step.opname and "NO_INTERRUPT" not in step.opname
    )

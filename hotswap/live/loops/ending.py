"""Calls that end by themselves: a helper that a loop awaits has no turn of its own to finish, it is one.

``x = await receive()``: when `receive` cannot take its new body, the call in flight ends in the old one, and the next
turn of the loop calls the new one.
"""

from __future__ import annotations

import gc
import sys
from types import AsyncGeneratorType, CoroutineType
from typing import TYPE_CHECKING, Any

from hotswap.live.loops.bytecode import ROOM, Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType


def tasks() -> Iterator[Any]:
    """Give the tasks of all event loops."""
    asyncio: Any = sys.modules.get("asyncio.tasks")
    for name in ("_all_tasks", "_scheduled_tasks", "_eager_tasks"):  # 3.11; 3.12+
        yield from list(getattr(asyncio, name, ()))


def awaited(owner: Any) -> Iterator[Any]:
    """Give the coroutines and generators that `owner` waits for, from the next to the innermost."""
    seen = {id(owner)}
    while owner is not None:
        owner = _next(owner)
        if owner is None or id(owner) in seen:
            return
        seen.add(id(owner))
        yield owner


def _next(owner: Any) -> Any:
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        if hasattr(owner, name):
            return getattr(owner, name)
    # An async generator's asend names its generator to the collector only.
    return next((o for o in gc.get_referents(owner) if type(o) is AsyncGeneratorType), None)


class Calls:
    """The calls in flight of one batch, looked at when first asked for."""

    def __init__(self, facts: Callable[[CodeType], Facts]) -> None:
        self._facts = facts
        self._callers: dict[int, list[Any]] | None = None

    def ends(self, owner: Any) -> bool:
        """Tell whether `owner` is one call of a loop's turn: it waits in no loop, comes to none, and is called again.

        A loop of a framework's is none of those: that may go over its routes.
        """
        frame = owner.cr_frame if type(owner) is CoroutineType else None
        if frame is None or _goes_round(self._facts(frame.f_code), frame.f_lasti):
            return False
        if self._callers is None:
            self._callers = _callers()
        return any(self._repeats(one) for one in self._callers.get(id(owner), ()))

    def _repeats(self, caller: Any) -> bool:
        """Tell whether a caller is the user's own, and waits in a loop."""
        for prefix in ("cr", "ag"):
            frame = getattr(caller, f"{prefix}_frame", None)
            if frame is not None:
                code = frame.f_code
                return code.co_stacksize >= ROOM and _in_loop(self._facts(code), frame.f_lasti)
        return False


def _callers() -> dict[int, list[Any]]:
    """Give by id of each frame's owner: what awaits it, outermost first."""
    found: dict[int, list[Any]] = {}
    for task in tasks():
        work = task.get_coro()
        above = [work]
        for inner in awaited(work):
            found.setdefault(id(inner), list(above))
            above.append(inner)
    return found


def _loops(facts: Facts) -> Iterator[tuple[int, int]]:
    """Give first and last offset of each loop in the byte code. (An await is a small one of another name.)"""
    for ins in facts.instructions:
        if ins.opname == "JUMP_BACKWARD" or ins.opname.startswith("POP_JUMP_BACKWARD"):
            yield ins.argval, ins.offset


def _in_loop(facts: Facts, offset: int) -> bool:
    return any(first <= offset <= last for first, last in _loops(facts))


def _goes_round(facts: Facts, offset: int) -> bool:
    """Tell whether a frame parked at `offset` is in a loop, or may come to one that waits."""
    return any(
        first <= offset <= last or any(first <= at <= last for at in facts.suspensions)
        for first, last in _loops(facts)
        if last >= offset
    )

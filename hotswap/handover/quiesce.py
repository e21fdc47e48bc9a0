"""When is it safe to leave? In two phases: serve on until nothing slow is in flight, then stand still for a moment.

Phase A refuses nobody anything; it only waits, at most `patience`, for handlers older than 50 ms and names them, those
that go on after their answer (a background task) or after their client has left (a clean-up) too. Phase B gates all
reading, while this process runs for at most 250 ms, until short handlers have answered and what was written is sent. A
message being worked on at a hard deadline would be lost: that is what phase A is for (exec.md section 2).
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from hotswap.wire import origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.wire.connection import Connection
    from hotswap.wire.kinds import Kind
    from hotswap.wire.registry import Registry

SLOW = 0.05
"""Seconds after which a handler counts as slow."""

TICK = 0.002

TURN = 0.02
"""Seconds that one turn of standing still counts at most. When it took longer the machine itself stood still (a laptop
slept, other programs had the processor): no time in which a handler could have ended."""

STUCK = 4
"""Ticks without a byte sent after which a peer counts as not reading."""


@dataclass(frozen=True, slots=True)
class Still:
    """How standing still went."""

    gated_at: float
    """``time.monotonic()`` when the blackout began."""
    waited: float
    """Seconds of phase A."""
    left: tuple[str, ...] = ()
    """Work that was still under way when the time was up, and that no connection's record tells of."""


async def quiesce(
    registry: Registry,
    *,
    patience: float = 10.0,
    still: float = 0.25,
    on_progress: Callable[[str], None] | None = None,
    on_gate: Callable[[], None] | None = None,
) -> Still:
    """Wait until nothing slow is in flight, then gate; on return everything stands still.

    Whoever decides not to leave must call ``registry.standstill.ungate()``.
    """
    began = time.monotonic()
    first_seen: dict[Any, float] = {}
    named: set[Any] = set()
    while True:
        now = time.monotonic()
        busy = _awaited(registry, patience)
        first_seen = {token: first_seen.get(token, now) for token in busy}
        slow = [token for token, since in first_seen.items() if now - since >= SLOW]
        young = len(first_seen) > len(slow)
        if not slow and (not young or now - began >= SLOW):
            break
        if now - began >= patience:
            break
        if on_progress is not None and now - began >= 2 * SLOW:
            for token in slow:
                if token not in named:
                    named.add(token)
                    on_progress(f"waiting for {busy[token].name()}")
        await asyncio.sleep(TICK)
    gated_at = time.monotonic()
    if on_gate is not None:
        on_gate()
    await registry.standstill.gate()
    unsent, stuck = -1, 0
    stood, last = 0.0, time.monotonic()
    while stood < still:
        busy = _awaited(registry, patience)
        before, unsent = unsent, _unsent(registry)
        stuck = stuck + 1 if unsent == before else 0
        if not busy and (not unsent or stuck >= STUCK):
            break
        await asyncio.sleep(TICK)
        now = time.monotonic()
        stood, last = stood + min(now - last, TURN), now
    return Still(
        gated_at=gated_at,
        waited=gated_at - began,
        left=_counted(work.name() for work in _busy(registry, 0).values() if not work.recorded),
    )


class Work(NamedTuple):
    """Something that the program has taken on and not ended."""

    name: Callable[[], str]
    recorded: bool = False
    """The record of its connection says what becomes of it: it is carried out again, or named as lost."""
    standing: bool = False
    """A task that its request left behind longer ago than anything is waited for: it may go on for ever."""


def _counted(names: Iterable[str]) -> tuple[str, ...]:
    """Give each name once, with how often it came."""
    return tuple(
        f"{number} x {name}" if number > 1 else name for name, number in Counter(names).items()
    )


def _awaited(registry: Registry, patience: float) -> dict[Any, Work]:
    return {token: work for token, work in _busy(registry, patience).items() if not work.standing}


def _busy(registry: Registry, patience: float) -> dict[Any, Work]:
    found: dict[Any, Work] = {}
    for connection, protocol, kind in registry.connections():
        busy = kind.busy(connection, protocol)
        if busy is not None:
            name = functools.partial(describe, connection, protocol, kind)
            recorded = kind.name(protocol) == "http" or not kind.carries
            found[busy.token] = Work(name, recorded=recorded)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        coroutine = task.get_coro()
        run = _run_of(coroutine)
        if run is not None:
            served = _outlived(run)
            if served is not None:
                found[task] = Work(functools.partial(_after, _asked(served), coroutine))
            continue
        begun_by = origin.of(task)
        if begun_by is not None and begun_by.over() and _innermost(coroutine) is not None:
            standing = time.monotonic() - begun_by.began > patience
            name = functools.partial(_after, begun_by.asked(), coroutine)
            found[task] = Work(name, standing=standing)
    return found


def _run_of(coroutine: Any) -> Any:
    """Give the run of an ASGI app that a task carries out, or None."""
    for each in (coroutine, getattr(coroutine, "cr_await", None)):  # the wire may have wrapped it
        if getattr(getattr(each, "cr_code", None), "co_name", "") == "run_asgi":
            return each
    return None


def _outlived(run: Any) -> Any:
    """Give what an ASGI app's run served, when that has ended before the run: a background task, a clean-up."""
    served = run.cr_frame.f_locals.get("self") if run.cr_frame is not None else None
    transport = getattr(served, "transport", None)
    over = getattr(served, "response_complete", False) or getattr(served, "disconnected", False)
    return served if transport is not None and (over or transport.is_closing()) else None


def _after(asked: str, coroutine: Any) -> str:
    return f"what goes on after {asked or 'a request'}{_where(coroutine)}"


def _unsent(registry: Registry) -> int:
    """Count bytes that sockets have not taken; those of a peer that does not read are carried."""
    return sum(
        connection.transport.get_write_buffer_size() for connection, _, _ in registry.connections()
    )


def describe(connection: Connection, protocol: Any, kind: Kind) -> str:
    """Name a handler at work: what it serves, and the app's own line it stands on."""
    asked = _asked(protocol) or connection.key
    return f"{kind.name(protocol)} {asked}{_where(kind.handler(protocol))}"


def _asked(served: Any) -> str:
    scope = getattr(served, "scope", None) or {}
    return " ".join(part for part in (scope.get("method"), scope.get("path")) if part)


def _where(coroutine: Any) -> str:
    frame = _innermost(coroutine)
    return f" at {frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""


def _innermost(coroutine: Any) -> Any:
    """Give the frame of the app's code nearest to where a suspended handler stands."""
    frame = None
    while coroutine is not None:
        here = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if here is not None and not _foreign(here.f_code.co_filename):
            frame = here
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return frame


_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _foreign(path: str) -> bool:
    """Say whether a file is a library's, or ours: no place where the user would look."""
    return "site-packages" in path or "/asyncio/" in path or path.startswith(_OWN)

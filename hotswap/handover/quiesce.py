"""When is it safe to leave? In two phases: serve on until nothing slow is in flight, then stand still for a moment.

Phase A refuses nobody anything; it only waits, at most `patience`, for handlers older than 50 ms and names them. Phase
B gates all reading for at most 250 ms, until short handlers have answered and what was written is sent. A message
being worked on at a hard deadline would be lost: that is what phase A is for (exec.md section 2).
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.kinds import Busy, Kind
    from hotswap.wire.registry import Registry

SLOW = 0.05
"""Seconds after which a handler counts as slow."""

TICK = 0.002

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
    """Handlers that were still at work when the time was up."""


async def quiesce(
    registry: Registry,
    *,
    patience: float = 10.0,
    still: float = 0.25,
    on_progress: Callable[[str], None] | None = None,
) -> Still:
    """Wait until nothing slow is in flight, then gate; on return everything stands still.

    Whoever decides not to leave must call ``registry.standstill.ungate()``.
    """
    began = time.monotonic()
    first_seen: dict[Any, float] = {}
    named: set[Any] = set()
    while True:
        now = time.monotonic()
        busy = _busy(registry)
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
                    on_progress(f"waiting for {describe(*busy[token])}")
        await asyncio.sleep(TICK)
    gated_at = time.monotonic()
    await registry.standstill.gate()
    unsent, stuck = -1, 0
    while time.monotonic() - gated_at < still:
        busy = _busy(registry)
        before, unsent = unsent, _unsent(registry)
        stuck = stuck + 1 if unsent == before else 0
        if not busy and (not unsent or stuck >= STUCK):
            break
        await asyncio.sleep(TICK)
    return Still(
        gated_at=gated_at,
        waited=gated_at - began,
        left=tuple(describe(*entry) for entry in busy.values()),
    )


Entry = "tuple[Connection, Any, Kind, Busy]"


def _busy(registry: Registry) -> dict[Any, tuple[Connection, Any, Kind, Busy]]:
    found = {}
    for connection, protocol, kind in registry.connections():
        busy = kind.busy(connection, protocol)
        if busy is not None:
            found[busy.token] = (connection, protocol, kind, busy)
    return found


def _unsent(registry: Registry) -> int:
    """Count bytes that sockets have not taken; those of a peer that does not read are carried."""
    return sum(
        connection.transport.get_write_buffer_size() for connection, _, _ in registry.connections()
    )


def describe(connection: Connection, protocol: Any, kind: Kind, busy: Busy) -> str:  # noqa: ARG001
    """Name a handler at work: what it serves, and the app's own line it stands on."""
    scope = getattr(protocol, "scope", None) or {}
    what = " ".join(part for part in (scope.get("method"), scope.get("path")) if part)
    frame = _innermost(kind.handler(protocol))
    where = f" at {frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""
    return f"{kind.name(protocol)} {what or connection.key}{where}"


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

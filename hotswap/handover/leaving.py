"""Leave this image: preflight, stand still, write everything down, execve. Or stay, as if nothing had happened.

::

    preflight   the new code is imported in a child; broken: stay
    quiesce     A: serve on while slow handlers finish   B: gate, a moment
    collect     records of all connections; nothing is changed yet
    shut down   the old program's hooks and lifespan, talking into a hole
    carry       records and state into the carrier; failing: stay
    execve      failing: stay
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.handover import carrier, children, image
from hotswap.handover import preflight as flight
from hotswap.handover.hole import Hole
from hotswap.handover.quiesce import Still, quiesce
from hotswap.handover.signals import Noted
from hotswap.source.model import Fault, Outcome
from hotswap.wire import arrivals, datagrams, strays
from hotswap.wire.records import ConnectionRecord, ListenerRecord, Manifest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import ModuleType

    from hotswap.handover.preflight import Preflight
    from hotswap.handover.state import State
    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")

SHUTDOWN_LIMIT = 5.0
"""Seconds for hooks and lifespan shutdown of the old program: they are part of the blackout."""

_leaving = False


def _quiet(_: str) -> None:
    """Tell nobody."""


async def leave(
    *,
    reason: str,
    registry: Registry,
    state: State,
    modules: Callable[[], Sequence[ModuleType]],
    generation: int = 0,
    fresh: bool = False,
    preflight: Preflight | None = None,
    extras: Mapping[str, object] | None = None,
    shutdown: Callable[[], Awaitable[None]] | None = None,
    startup: Callable[[], Awaitable[None]] | None = None,
    at_rest: Callable[[], None] | None = None,
    last_words: Callable[[], None] | None = None,
    on_progress: Callable[[str], None] = _quiet,
    patience: float = 10.0,
) -> Outcome:
    """Replace this process image by a new one that has every connection and the state.

    Returns only when that did not happen; then the old code serves on and the outcome says why.

    Args:
        reason: For the report of the new image.
        registry: What is to be kept.
        state: What the program has gathered.
        modules: Gives the tracked modules.
        generation: The number the new image is to have.
        fresh: Keep the connections, drop the state.
        preflight: What the child imports first; None: no child.
        extras: Plain picklable data of other rooms, by name.
        shutdown: The old program's lifespan shutdown.
        startup: Its start-up, called again when execve failed after `shutdown`.
        at_rest: Called before anything is written down: from there on nothing of the program may run. A CancelledError
            that it raises stops the reload: the program ends.
        last_words: Called immediately before execve: restore the terminal, flush the console.
        on_progress: Gets a line for the user when something takes long.
        patience: Seconds to wait for slow handlers while serving on.
    """
    global _leaving
    if _leaving:
        return _stayed("a reload is under way")
    _leaving = True
    try:
        if not hasattr(os, "execve") or os.name == "nt":
            return _stayed("this system cannot replace a running process; restart the program")
        if preflight is not None:
            limit = max(flight.LIMIT, min(3 * registry.arrivals.took, flight.LONGEST))
            try:
                verdict = await flight.check(preflight, limit=limit)
            except OSError as error:
                return _failed("cannot try the new code", error)
            if not verdict.ok:
                return _stayed("the new code does not import", verdict.fault)
        departure = _Departure(registry, state, modules, on_progress)
        return await departure.go(
            Manifest(generation=generation, reason=reason, fresh=fresh, extras=dict(extras or {})),
            shutdown=shutdown,
            startup=startup,
            at_rest=at_rest,
            last_words=last_words,
            patience=patience,
        )
    finally:
        _leaving = False


def _stayed(reason: str, fault: Fault | None = None) -> Outcome:
    return Outcome(ok=False, rung="exec", files=(), reason=reason, fault=fault)


def _failed(what: str, error: BaseException) -> Outcome:
    return _stayed(
        f"{what}: {error}",
        Fault(
            code="HS403",
            title="exec reload failed",
            message=f"{what}: {error}; the old code serves on with every connection",
        ),
    )


class _Departure:
    """One attempt to leave."""

    def __init__(
        self,
        registry: Registry,
        state: State,
        modules: Callable[[], Sequence[ModuleType]],
        on_progress: Callable[[str], None],
    ) -> None:
        self._registry = registry
        self._state = state
        self._modules = modules
        self._say = on_progress
        self._copies: list[ListenerRecord] = []
        self._strays: list[ListenerRecord] = []
        self._served: set[strays.Inode] = set()
        self._noted: Noted | None = None

    async def go(self, manifest: Manifest, **more: Any) -> Outcome:
        """Leave; when this returns the program has stayed, and its signals are its own again."""
        try:
            return await self._go(manifest, **more)
        finally:
            if self._noted is not None:
                self._noted.give_back()

    async def _go(
        self,
        manifest: Manifest,
        *,
        shutdown: Callable[[], Awaitable[None]] | None,
        startup: Callable[[], Awaitable[None]] | None,
        at_rest: Callable[[], None] | None,
        last_words: Callable[[], None] | None,
        patience: float,
    ) -> Outcome:
        try:
            image.arguments()
            image.check_directory()
            carried = carrier.create()
        except OSError as error:
            return _failed("cannot leave", error)
        registry = self._registry
        hole: Hole | None = None
        outcome = _stayed("execve did not happen")
        try:
            still = await quiesce(
                registry, patience=patience, on_progress=self._say, on_gate=self._note_signals
            )
            if at_rest is not None:
                at_rest()
            late = self._state.late_changes(self._modules())
            records = self._collect(manifest, still)
            if shutdown is not None or hooks.runtime.disposers:
                hole = self._open_hole(manifest, records)
                if hole is not None:
                    await self._shut_down(shutdown)
            self._write(carried, manifest, late)
            if last_words is not None:
                last_words()
            registry.standstill.bid_farewell()
            image.flush()
            if self._noted is not None:
                self._noted.send_on()
            image.replace(carried, manifest.descriptors())
        except asyncio.CancelledError:  # the program ends
            os.close(carried)
            await self._stay(hole, None)
            raise
        except OSError as error:
            outcome = _failed("cannot leave", error)
        except Exception as error:
            log.exception("the exec reload failed")
            outcome = _failed("cannot leave", error)
        os.close(carried)
        await self._stay(hole, startup)
        return outcome

    def _note_signals(self) -> None:
        self._noted = Noted()
        if self._noted.interrupted:
            raise asyncio.CancelledError("the program ends")

    def _collect(self, manifest: Manifest, still: Still) -> list[ConnectionRecord]:
        """Write all connections down; close, in their own words, those that cannot be kept."""
        registry = self._registry
        records, lost = registry.standstill.collect()
        manifest.gated_at = still.gated_at
        manifest.connections = tuple(records)
        self._served = strays.known(registry)
        self._strays = strays.listeners(registry, self._served)
        manifest.listeners = (
            *(ListenerRecord(listening.fileno(), key) for key, listening in registry.listeners()),
            *self._strays,
        )
        manifest.extras[datagrams.EXTRA] = registry.datagrams.carry()
        manifest.extras[arrivals.EXTRA] = registry.arrivals.took
        manifest.next_id = registry.next_id
        manifest.lost = (*lost, *(f"{work}: it was still under way" for work in still.left))
        manifest.children = children.running()
        return records

    def _open_hole(self, manifest: Manifest, records: Sequence[ConnectionRecord]) -> Hole | None:
        """Take the descriptors out of the old program's hands."""
        self._copies = self._registry.standstill.copy_listeners()
        manifest.listeners = (*self._copies, *self._strays)
        try:
            hole = Hole([record.fd for record in records])
        except OSError as error:
            self._say(f"too few file descriptors for a shutdown in peace, it is skipped: {error}")
            return None
        real = dict(hole.aside)
        manifest.connections = tuple(each._replace(fd=real[each.fd]) for each in records)
        return hole

    async def _shut_down(self, shutdown: Callable[[], Awaitable[None]] | None) -> None:
        """Run dispose hooks and the lifespan's shutdown, with a limit; what they raise stops nobody."""
        try:
            async with asyncio.timeout(SHUTDOWN_LIMIT):
                for functions in list(hooks.runtime.disposers.values()):
                    for dispose in functions:
                        with contextlib.suppress(Exception):
                            answer: Any = dispose()
                            if inspect.isawaitable(answer):
                                await answer
                if shutdown is not None:
                    await shutdown()
        except TimeoutError:
            self._say(f"shutdown had not ended after {SHUTDOWN_LIMIT:g} s; going on without it")
        except Exception:
            log.exception("shutdown of the old code failed; going on")

    def _write(self, carried: int, manifest: Manifest, late: Any) -> None:
        """Fill the carrier."""
        lines: list[str] = []
        ids = frozenset(record.id for record in manifest.connections)

        def write_state(writer: carrier.Writer) -> None:
            if not manifest.fresh:
                lines.extend(self._state.write(writer, self._modules(), ids, late))

        # What shutdown has closed in its own words is not lost.
        manifest.lost = (*manifest.lost, *strays.ending(self._served))
        manifest.left_at = time.monotonic()
        carrier.pack(carried, manifest, write_state)
        for line in lines:
            log.warning("not carried: %s", line)

    async def _stay(self, hole: Hole | None, startup: Callable[[], Awaitable[None]] | None) -> None:
        """Go on after all: descriptors back, listeners open again, start-up run again."""
        if hole is not None:
            hole.give_back()
        self._registry.standstill.return_listeners(self._copies)
        for stray in self._strays:
            os.close(stray.fd)
        if hole is not None and startup is not None:
            try:
                await startup()
            except Exception:
                log.exception("start-up after a failed exec reload raised")
        self._registry.standstill.ungate()

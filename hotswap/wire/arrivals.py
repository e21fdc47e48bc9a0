"""What the last image carried: handed out to whoever asks for it, counted, and closed when nobody does."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from hotswap.source.model import Reload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.wire.records import ConnectionRecord, ListenerRecord, Manifest

log = logging.getLogger("hotswap")

EXTRA = "took"
"""Where in the manifest stands how long the last image took until it listened."""

LONGEST = 60.0
"""Seconds of grace at most: a program that loads a model between two listeners gets twice what it took last time."""


class Arrivals:
    """Listeners and connections on their way into this image.

    Args:
        manifest: What was carried; None on an ordinary start.
        grace: Seconds after the last listener came up until what nobody asked for is closed; more where the last image
            took its time until it listened (`LONGEST`). While a server starts (`starting`), none of them counts.
        on_settled: Called once when everything has found its place, or was closed.
    """

    def __init__(
        self,
        manifest: Manifest | None,
        *,
        grace: float,
        on_settled: Callable[[Reload], None] | None,
    ) -> None:
        began = manifest.extras.get(EXTRA) if manifest is not None else None
        took = began if isinstance(began, float) else 0.0
        self._manifest = manifest
        self._grace = max(grace, min(2 * took, LONGEST))
        self._on_settled = on_settled
        self._listeners: dict[str, list[int]] = {}
        self._waiting: dict[str, list[ConnectionRecord]] = {}
        self._awaited: dict[int, asyncio.Event] = {}
        self._kept: Counter[str] = Counter()
        self._lost: list[str] = []
        self._restarted = 0
        self._blackout_ms = 0.0
        self._listening_ms = 0.0
        """From the gate until the last listener came up: the blackout where no connection was carried."""
        self._state_bytes = 0
        self._born = time.monotonic()
        self.took = 0.0
        """Seconds from the beginning of this image until its last listener came up; for the next one."""
        self.starting = False
        """A server is on its way to listen: its app's start-up may take long, and opens listeners of its own."""
        self.adopting = 0
        """Listeners whose connections are being adopted."""
        self._orphan_timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.settled = manifest is None
        self.standing: dict[int, Any] = {}
        """Connection id -> objects unpickled before their connection was adopted."""
        if manifest is not None:
            self.offer(manifest.listeners)
            for record in manifest.connections:
                self._waiting.setdefault(record.key, []).append(record)
            self._lost.extend(manifest.lost)
            self._state_bytes = len(manifest.state)

    def offer(self, listeners: Iterable[ListenerRecord]) -> None:
        """Have listening sockets ready that came from elsewhere, systemd say, for whoever asks for their address."""
        for listener in listeners:
            self._listeners.setdefault(listener.key, []).append(listener.fd)

    def inherited(self, key: str) -> list[socket.socket]:
        """Give the carried listening sockets of `key`, each once; an empty list when there are none."""
        return [socket.socket(fileno=fd) for fd in self._listeners.pop(key, ())]

    def held(self, plug: socket.socket, address: tuple[object, ...]) -> socket.socket | None:
        """Give a duplicate of the carried listening socket that keeps `plug` from its address, if one does."""
        for fd in (fd for found in self._listeners.values() for fd in found):
            listening = socket.socket(fileno=os.dup(fd))
            if (listening.family, listening.type) == (plug.family, plug.type):
                if listening.getsockname()[1:2] == address[1:2]:
                    return listening
            listening.close()
        return None

    def ids(self) -> set[int]:
        """Give the identities of connections that wait for their listener."""
        return {record.id for records in self._waiting.values() for record in records}

    def take(self, loop: asyncio.AbstractEventLoop, key: str) -> list[ConnectionRecord]:
        """Give the connections of a listener that has come up; each one begins the time of grace anew."""
        records = self._waiting.pop(key, [])
        now = time.monotonic()
        self.took = now - self._born
        if self._manifest is not None:
            self._listening_ms = (now - self._manifest.gated_at) * 1000
        self.expect(loop)
        return [] if self.settled else records

    def expect(self, loop: asyncio.AbstractEventLoop) -> None:
        """The program runs: begin the time of grace, after which what nobody asked for is closed."""
        if self.settled:
            return
        self._loop = loop
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
            self._orphan_timer = None
        if not self.starting:
            self._orphan_timer = loop.call_later(self._grace, self._close_orphans)

    def started(self, loop: asyncio.AbstractEventLoop) -> None:
        """The server listens: nobody else is to come."""
        self.starting = False
        self.expect(loop)

    def claim(self, kind: str, count: int) -> None:
        """Count what has found its place, and settle where that was the last; from any thread."""
        self.keep(kind, count)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.settle)
        else:
            self.settle()

    def expire(self) -> None:
        """A program without a loop has had time to bind its addresses: close the listeners that it did not ask for."""
        if not self.settled and self._loop is None and not self._waiting:
            self._close_orphans()

    def give_up(self) -> None:
        """Close what nobody has asked for, now."""
        if not self.settled:
            self._close_orphans()

    # Counting.

    def keep(self, kind: str, count: int = 1) -> None:
        """Count what has found its place."""
        self._kept[kind] += count

    def lose(self, line: str) -> None:
        """Report something that was lost."""
        self._lost.append(line)

    def restart(self) -> None:
        """Count a handler that was entered again from the top."""
        self._restarted += 1

    def answer(self) -> None:
        """Note that the first carried connections are served again: the blackout is over."""
        if self._manifest is not None and not self._blackout_ms:
            self._blackout_ms = (time.monotonic() - self._manifest.gated_at) * 1000

    def report(self) -> Reload:
        """Give what the reload that made this image kept and lost so far."""
        return Reload(
            kept=dict(self._kept),
            lost=tuple(self._lost),
            restarted=self._restarted,
            state_bytes=self._state_bytes,
            blackout_ms=round(self._blackout_ms or self._listening_ms, 1),
        )

    # The end.

    def event(self, identity: int) -> asyncio.Event:
        """Give what is set when a carried connection was adopted or lost."""
        return self._awaited.setdefault(identity, asyncio.Event())

    def arrived(self, identity: int) -> None:
        """Tell who waits for a connection."""
        waiter = self._awaited.pop(identity, None)
        if waiter is not None:
            waiter.set()

    def settle(self) -> None:
        """Say that everything carried has found its place, if so."""
        if self.settled or self._waiting or self._listeners or self.adopting:
            return
        self.settled = True
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
            self._orphan_timer = None
        self.standing.clear()
        if self._manifest is not None and self._manifest.fd >= 0:
            self._manifest.state.release()
            os.close(self._manifest.fd)
            self._manifest.fd = -1
        if self._on_settled is not None:
            self._on_settled(self.report())

    def _close_orphans(self) -> None:
        """Close what the new program did not ask for, and name it."""
        self._orphan_timer = None
        if self.adopting and self._loop is not None:  # thousands may take longer
            self.expect(self._loop)
            return
        for key, descriptors in self._listeners.items():
            self._lost.append(f"listener {key}: the new code does not listen there")
            for fd in descriptors:
                os.close(fd)
        self._listeners.clear()
        for key, records in self._waiting.items():
            for kind, count in Counter(record.word for record in records).items():
                self._lost.append(f"{count} {kind} of {key}: no listener took them")
            for record in records:
                with socket.socket(fileno=record.fd) as orphan:
                    if record.word == "websocket":
                        _say(orphan, b"\x88\x02\x03\xf4")  # close frame, 1012: service restart
                self.arrived(record.id)
        self._waiting.clear()
        self.settle()


def _say(plug: socket.socket, data: bytes) -> None:
    """Send a few last bytes, if the socket takes them at once."""
    plug.setblocking(False)
    try:
        plug.send(data)
    except OSError as error:
        log.debug("last words not sent: %s", error)

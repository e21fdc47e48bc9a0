"""Every live connection, its memory, and the way from one handler to the next.

A connection is known by its transport; which protocol serves it may change (an HTTP connection becomes a WebSocket),
so the protocol is asked for when it matters, and kept nowhere. Kinds (`Kind`) know how one sort of protocol is
examined, detached and entered again; nothing here knows HTTP or WebSocket.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import WeakValueDictionary

from hotswap.source.model import Reload
from hotswap.wire import doors
from hotswap.wire.lines import Gathering, Line, unsent_of
from hotswap.wire.names import Names
from hotswap.wire.records import ConnectionRecord, ListenerRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hotswap.wire.keeping import Keeping
    from hotswap.wire.records import Manifest

log = logging.getLogger("hotswap")

SWEEP = 64
"""Closed connections that may be remembered, besides as many as there are live ones."""

BATCH = 256
"""Connections adopted at a time: those adopted answer while the others wait (exec.md section 7)."""

REPLYING = 2.0
"""Seconds that an answer in several parts is waited for, beginning with its first part."""

Factory = "Callable[[], asyncio.BaseProtocol]"


class Busy(NamedTuple):
    """Work that a handler has taken and not answered."""

    token: object
    """The same object as long as it is the same piece of work."""


def may_be_replying(spoke_at: float) -> bool:
    """Say whether a handler that took a message and spoke since may still be at its answer: it may have several parts.

    Args:
        spoke_at: ``time.monotonic()`` of its first words. One that speaks on for long pushes, and would never end.
    """
    return time.monotonic() - spoke_at <= REPLYING


class Kind(Protocol):
    """How one sort of protocol is examined, detached and entered again."""

    carries: frozenset[str]
    """The kinds of record it can adopt."""

    def serves(self, protocol: object) -> bool:
        """Say whether this kind knows `protocol`."""

    def name(self, protocol: Any) -> str:
        """Give the word for counts and reports: ``websocket``, ``http``, ``sse``, ..."""

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:
        """Say what the handler works on, or None when it may be replaced this instant."""

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:
        """Stop reading, whatever the protocol itself says meanwhile; give what undoes it."""

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:
        """Give the record, changing nothing; or, in words, why this connection cannot be kept."""

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        """Serve `record` by a fresh protocol on ``connection.transport``, which is paused."""

    def detach(self, connection: Connection, protocol: Any) -> None:
        """Let `protocol` speak to nobody from now on; its handler is about to be cancelled."""

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        """Close cleanly, in the kind's own words."""

    def handler(self, protocol: Any) -> Any:
        """Give the coroutine that serves the connection, or None."""

    def prepare(self, connection: Connection, protocol: Any) -> None:
        """Get ready to follow a connection that `protocol` is about to serve."""


class Connection:
    """One accepted connection: who it is, not who serves it."""

    __slots__ = (
        "__weakref__",
        "factory",
        "held",
        "id",
        "key",
        "memory",
        "peer",
        "resumed",
        "shells",
        "transport",
    )

    def __init__(
        self, identity: int, key: str, transport: Any, factory: Callable[[], Any] | None
    ) -> None:
        self.id = identity
        self.key = key
        self.transport = transport
        self.factory = factory
        self.memory: dict[Any, Any] | None = None
        self.resumed = 0
        self.shells: Any = None
        """Objects of the last image that stand for this connection; see `hotswap.wire.objects`."""
        self.held: Gathering | None = None
        """Accepted while reading was gated: not served yet."""
        self.peer: tuple[object, ...] = ()

    @property
    def live(self) -> bool:
        return not self.transport.is_closing()

    @property
    def protocol(self) -> Any:
        protocol = self.transport.get_protocol()
        return getattr(protocol, "heir", None) or protocol


class _Entry(asyncio.Protocol):
    """The first protocol of an accepted connection: makes the app's own and steps aside."""

    __slots__ = ("_factory", "_key", "_registry")

    def __init__(self, registry: Registry, factory: Callable[[], Any], key: str) -> None:
        self._registry = registry
        self._factory = factory
        self._key = key

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._registry.enter(transport, self._factory, self._key)


class Registry:
    """All listeners and connections of the process; implements `hotswap.hooks.Connections`."""

    def __init__(
        self,
        manifest: Manifest | None,
        *,
        grace: float = 5.0,
        on_settled: Callable[[Reload], None] | None = None,
    ) -> None:
        self.manifest = manifest
        self.grace = grace
        self.on_settled = on_settled
        self.before_adoption: list[Callable[[], None]] = []
        """Called before connections of a listener are adopted: app state set by start-up is put back here."""
        self.kinds: list[Kind] = []
        self.secured: Kind
        """TLS without a keeper: cannot cross execve."""
        self.started = False
        """A listener is up: from here on the image can no longer park."""
        self.served = False
        """A connection was accepted or adopted."""
        self.gated = False
        self._connections: dict[Any, Connection] = {}
        """By transport; closed ones are swept out when there may be as many of them as live ones."""
        self._sweep_at = SWEEP
        self._by_id: WeakValueDictionary[int, Connection] = WeakValueDictionary()
        self._listeners: list[tuple[str, Any]] = []
        self.names = Names()
        self.keeping: Keeping | None = None
        """The link to the TLS keeper, where one is wanted."""
        self._undo: list[Callable[[], None]] = []
        self._shut: list[int] = []
        self._doomed: list[tuple[Connection, Any, Kind]] = []
        self._next_id = manifest.next_id if manifest is not None else 1
        self._listener_fds: dict[str, list[int]] = {}
        self._waiting: dict[str, list[ConnectionRecord]] = {}
        self._kept: Counter[str] = Counter()
        self._lost: list[str] = []
        self._restarted = 0
        self._blackout_ms = 0.0
        self._state_bytes = 0
        self._settled = manifest is None
        self._orphan_timer: asyncio.TimerHandle | None = None
        self._awaited: dict[int, asyncio.Event] = {}
        self.standing: dict[int, Any] = {}
        """Connection id -> objects unpickled before their connection was adopted."""
        if manifest is not None:
            self._expect(manifest)

    # What was carried.

    def _expect(self, manifest: Manifest) -> None:
        for listener in manifest.listeners:
            self._listener_fds.setdefault(listener.key, []).append(listener.fd)
        for record in manifest.connections:
            self._waiting.setdefault(record.key, []).append(record)
        self._lost.extend(manifest.lost)
        self._state_bytes = len(manifest.state)

    def offer(self, listeners: Iterable[ListenerRecord]) -> None:
        """Have listening sockets ready that came from elsewhere, systemd say, for whoever asks for their address."""
        for listener in listeners:
            self._listener_fds.setdefault(listener.key, []).append(listener.fd)

    def inherited(self, key: str) -> list[socket.socket]:
        """Give the carried listening sockets of `key`, each once; an empty list when there are none."""
        return [socket.socket(fileno=fd) for fd in self._listener_fds.pop(key, ())]

    def carried_ids(self) -> frozenset[int]:
        """Give the identities of all connections that the last image handed over and that were not lost since."""
        waiting = {record.id for records in self._waiting.values() for record in records}
        return frozenset(waiting | set(self._by_id))

    def keep_listeners(self, count: int) -> None:
        """Count carried listeners that were taken."""
        self._kept["listener"] += count

    def _settle(self) -> None:
        """Say that everything carried has found its place."""
        if self._settled or self._waiting or self._listener_fds:
            return
        self._settled = True
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
            self._orphan_timer = None
        self.standing.clear()
        if self.manifest is not None and self.manifest.fd >= 0:
            self.manifest.state.release()
            os.close(self.manifest.fd)
            self.manifest.fd = -1
        if self.on_settled is not None:
            self.on_settled(self.adopted())

    def _close_orphans(self) -> None:
        """Close what the new program did not ask for, and name it."""
        self._orphan_timer = None
        for key, descriptors in self._listener_fds.items():
            self._lost.append(f"listener {key}: the new code does not listen there")
            for fd in descriptors:
                os.close(fd)
        self._listener_fds.clear()
        for key, records in self._waiting.items():
            for kind, count in Counter(record.kind for record in records).items():
                self._lost.append(f"{count} {kind} of {key}: no listener took them")
            for record in records:
                with socket.socket(fileno=record.fd) as orphan:
                    if record.kind == "websocket":
                        _say(orphan, b"\x88\x02\x03\xf4")  # close frame, 1012: service restart
                waiter = self._awaited.pop(record.id, None)
                if waiter is not None:
                    waiter.set()
        self._waiting.clear()
        self._settle()

    def lose(self, line: str) -> None:
        """Report something that was lost."""
        self._lost.append(line)

    def close_orphans(self) -> None:
        """Close what nobody took, without waiting any longer."""
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        self._close_orphans()

    def adopted(self) -> Reload:
        """Give what the reload that made this image kept and lost so far."""
        return Reload(
            kept=dict(self._kept),
            lost=tuple(self._lost),
            restarted=self._restarted,
            state_bytes=self._state_bytes,
            blackout_ms=round(self._blackout_ms, 1),
        )

    # Listeners and accepted connections.

    def listening(self, key: str, server: Any) -> None:
        """Remember an open listener."""
        self.started = True
        self._listeners = [entry for entry in self._listeners if entry[1].sockets]
        self._listeners.append((key, server))

    def listeners(self) -> Iterator[tuple[str, socket.socket]]:
        """Give each open listening socket with its key."""
        for key, server in self._listeners:
            for listening in server.sockets or ():
                if listening.fileno() >= 0:
                    yield key, listening

    def copy_listeners(self) -> list[ListenerRecord]:
        """Give records of copies of all listening sockets; the program may now close its own."""
        unlinked = getattr(asyncio.get_running_loop(), "_unix_server_sockets", None)
        if unlinked is not None:
            unlinked.clear()  # from 3.13 on, close() would unlink the path that is still listened on
        return [
            ListenerRecord(os.dup(listening.fileno()), key) for key, listening in self.listeners()
        ]

    def return_listeners(self, copies: Iterable[ListenerRecord]) -> None:
        """Take copies back: those of servers that were closed wait to be asked for again, the others go."""
        open_keys = {key for key, _ in self.listeners()}
        for copy in copies:
            if copy.key in open_keys:
                os.close(copy.fd)
            else:
                self.names.release(copy.key)
                self._listener_fds.setdefault(copy.key, []).append(copy.fd)

    def entry(self, factory: Callable[[], Any], key: str) -> Callable[[], asyncio.Protocol]:
        """Wrap a protocol factory so that its connections are known."""
        return lambda: _Entry(self, factory, key)

    def enter(self, transport: Any, factory: Callable[[], Any], key: str) -> None:
        """Serve a connection that was just accepted; while gated, hold it unserved."""
        connection = self._introduce(transport, factory, key)
        line = connection.transport
        if self.gated:
            connection.held = Gathering()
            line.set_protocol(connection.held)
            connection.held.connection_made(line)
            return
        self._begin(connection, factory)

    def _begin(self, connection: Connection, factory: Callable[[], Any]) -> None:
        protocol = factory()
        line = connection.transport
        self.kind_of(protocol).prepare(connection, protocol)
        line.set_protocol(protocol)
        protocol.connection_made(line)

    def take_id(self) -> int:
        """Give an identity that no connection has had."""
        self._next_id += 1
        return self._next_id - 1

    def receive(self, transport: Any, factory: Callable[[], Any], record: ConnectionRecord) -> None:
        """Serve a connection that came from the keeper, on a transport that gathers."""
        self._resume(transport, factory, record, counted=False)

    def _introduce(
        self,
        transport: Any,
        factory: Callable[[], Any] | None,
        key: str,
        identity: int = 0,
        peer: tuple[object, ...] = (),
    ) -> Connection:
        if not identity:
            identity = self.take_id()
        self.served = True
        line = Line.over(transport, peer)
        connection = Connection(identity, key, line, factory)
        connection.peer = peer
        if len(self._connections) >= self._sweep_at:
            self._sweep()
        self._connections[line] = connection
        self._by_id[identity] = connection
        return connection

    def _sweep(self) -> None:
        """Forget closed connections."""
        for line in [line for line, each in self._connections.items() if not each.live]:
            del self._connections[line]
        self._sweep_at = 2 * len(self._connections) + SWEEP

    def connections(self) -> Iterator[tuple[Connection, Any, Kind]]:
        """Give each live connection with the protocol that serves it and its kind."""
        for connection in list(self._connections.values()):
            if not connection.live:
                continue
            protocol = connection.protocol
            if connection.transport.get_extra_info("sslcontext") and not connection.peer:
                yield connection, protocol, self.secured
            else:
                yield connection, protocol, self.kind_of(protocol)

    def kind_of(self, protocol: object) -> Kind:
        """Give the kind that serves `protocol`."""
        for kind in self.kinds:
            if kind.serves(protocol):
                return kind
        raise LookupError(f"no kind serves {protocol!r}")

    def counts(self) -> dict[str, int]:
        """Count what is open, by kind."""
        counts: Counter[str] = Counter(
            kind.name(protocol) for _, protocol, kind in self.connections()
        )
        counts["listener"] = sum(1 for _ in self.listeners())
        return dict(counts)

    @property
    def next_id(self) -> int:
        return self._next_id

    # What an app may ask.

    def find(self, thing: object) -> Connection | None:
        """Give the connection that a WebSocket, request, stream, transport or protocol belongs to."""
        scope = getattr(thing, "scope", None)
        if isinstance(scope, dict):
            facts = (scope.get("extensions") or {}).get("hotswap")
            return self._by_id.get(facts["connection"]) if facts else None
        try:
            found = self._connections.get(thing)
        except TypeError:
            found = None
        if found is None:
            for name in ("transport", "_transport"):
                transport = getattr(thing, name, None)
                try:
                    found = self._connections.get(transport) if transport is not None else None
                except TypeError:
                    found = None
                if found is not None:
                    break
        if found is None and isinstance(thing, asyncio.BaseProtocol):
            return next(
                (each for each in self._connections.values() if each.protocol is thing), None
            )
        return found

    def by_id(self, identity: int) -> Connection | None:
        """Give a live connection by its identity."""
        return self._by_id.get(identity)

    def memory(self, connection: object) -> dict[Any, Any] | None:
        """Give the dict of a live connection, or None when it is not known."""
        found = self.find(connection)
        if found is None:
            return None
        if found.memory is None:
            found.memory = {}
        return found.memory

    def resumed(self, connection: object) -> int:
        """Say how often the handler of `connection` has been entered again."""
        found = self.find(connection)
        return found.resumed if found is not None else 0

    async def adopted_connection(self, identity: int) -> Connection | None:
        """Wait until a carried connection is adopted; give None when it was lost instead."""
        while (found := self._by_id.get(identity)) is None:
            if identity not in self.carried_ids():
                return None
            await self._awaited.setdefault(identity, asyncio.Event()).wait()
        return found

    # Leaving: everything stands still, is written down, or goes on.

    async def gate(self) -> None:
        """Stop accepting and reading everywhere; what arrives waits in the kernel."""
        self.gated = True
        loop = asyncio.get_running_loop()
        self._shut = [listening.fileno() for _, listening in self.listeners()]
        doors.shut(loop, self._shut)
        for connection, protocol, kind in self.connections():
            self._undo.append(kind.gate(connection, protocol))
        for _ in range(doors.TURNS):
            await asyncio.sleep(0)

    def ungate(self) -> None:
        """Go on as if nothing had happened."""
        self.gated = False
        still_open = {listening.fileno() for _, listening in self.listeners()}
        doors.unshut(asyncio.get_running_loop(), [fd for fd in self._shut if fd in still_open])
        undo, self._undo = self._undo, []
        for step in undo:
            step()
        for connection in list(self._connections.values()):
            held, connection.held = connection.held, None
            if held is not None and connection.live and connection.factory is not None:
                self._begin(connection, connection.factory)
                held.hand_over(connection.transport)

    def collect(self) -> tuple[list[ConnectionRecord], list[str]]:
        """Write every connection down, and say what cannot be kept; change nothing."""
        self._doomed.clear()
        records: list[ConnectionRecord] = []
        lost: Counter[str] = Counter()
        for connection, protocol, kind in self.connections():
            record = kind.carry(connection, protocol)
            if isinstance(record, str):
                lost[record] += 1
                self._doomed.append((connection, protocol, kind))
            else:
                records.append(record)
        return records, [
            f"{count} {why}" if count > 1 else f"1 {why}" for why, count in lost.items()
        ]

    def bid_farewell(self) -> None:
        """Close what `collect` could not keep, in its own words. For the last moment before execve."""
        for connection, protocol, kind in self._doomed:
            if connection.live:
                kind.refuse(connection, protocol, 1012)

    def basics(self, connection: Connection, kind: str, **more: Any) -> ConnectionRecord:
        """Begin the record of a connection with what every kind has."""
        return ConnectionRecord(
            fd=connection.transport.get_extra_info("socket").fileno(),
            id=connection.id,
            kind=kind,
            key=connection.key,
            unsent=unsent_of(connection.transport),
            resumed=connection.resumed,
            peer=connection.peer,
            **more,
        )

    # Adopting.

    async def adopt(
        self, loop: asyncio.AbstractEventLoop, key: str, factory: Callable[[], Any]
    ) -> None:
        """Adopt all carried connections of a listener, in batches."""
        for hook in self.before_adoption:
            hook()
        records = self._waiting.pop(key, [])
        if self._settled:
            return
        if self._orphan_timer is None:
            self._orphan_timer = loop.call_later(self.grace, self._close_orphans)
        collecting = gc.isenabled()
        gc.disable()  # 11 s -> 5 s at 9,500 connections (exec.md section 7)
        try:
            for start in range(0, len(records), BATCH):
                batch = records[start : start + BATCH]
                lines = await asyncio.gather(*(self._receive(loop, record) for record in batch))
                for record, line in zip(batch, lines, strict=True):
                    if line is not None:
                        self._resume(line, factory, record)
                if start == 0 and self.manifest is not None:
                    self._blackout_ms = (time.monotonic() - self.manifest.gated_at) * 1000
        finally:
            if collecting:
                gc.enable()
        if not records and self.manifest is not None and not self._blackout_ms:
            self._blackout_ms = (time.monotonic() - self.manifest.gated_at) * 1000
        loop.call_soon(self._settle)

    async def _receive(self, loop: asyncio.AbstractEventLoop, record: ConnectionRecord) -> Any:
        """Make an inherited descriptor a paused transport with a `Gathering` protocol."""
        plug = socket.socket(fileno=record.fd)
        plug.setblocking(False)
        try:
            transport, _ = await loop.connect_accepted_socket(Gathering, plug)
        except OSError as error:
            plug.close()
            self._lost.append(f"1 {record.kind}: {error}")
            return None
        return transport

    def _resume(
        self,
        transport: Any,
        factory: Callable[[], Any],
        record: ConnectionRecord,
        *,
        counted: bool = True,
    ) -> None:
        gathering: Gathering = transport.get_protocol()
        shells = self.standing.pop(record.id, None)
        if shells is not None and shells.line is not None:
            shells.line.real = transport  # the app holds this very transport object
            shells.line.peer = record.peer
            transport = shells.line
        connection = self._introduce(transport, factory, record.key, record.id, record.peer)
        connection.resumed = record.resumed
        connection.shells = shells
        if connection.shells is not None:
            connection.memory = connection.shells.memory
        if gathering.early:
            record = record._replace(raw=record.raw + bytes(gathering.early))
        if record.unsent:
            connection.transport.write(record.unsent)
        self.take_on(connection, factory, record)
        if counted:
            self._kept["http" if record.kind == "fresh" else record.kind] += 1
        waiter = self._awaited.pop(record.id, None)
        if waiter is not None:
            waiter.set()

    def take_on(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        """Serve a detached connection by a fresh protocol; on failure close it and say so."""
        if record.kind == "fresh":
            self._begin(connection, factory)
            if record.raw:
                connection.protocol.data_received(record.raw)
            connection.transport.resume_reading()
            return
        for kind in self.kinds:
            if record.kind in kind.carries:
                try:
                    kind.adopt(connection, factory, record)
                except Exception as error:
                    log.exception("a carried %s connection could not be adopted", record.kind)
                    self._lost.append(f"1 {record.kind}: {error!r}")
                    connection.transport.abort()
                return
        self._lost.append(f"1 {record.kind}: this version cannot adopt it")
        connection.transport.abort()

    def restarted(self) -> None:
        """Count a handler that was entered again from the top."""
        self._restarted += 1

    # Entering a handler again in the same process.

    def reenter(self, work: object) -> bool:
        """Cancel the handler that `work` (a task or coroutine) belongs to, and call it anew on the same connection.

        Gives False when `work` serves no connection of ours, or one that cannot be entered again right now.
        """
        coroutine = work.get_coro() if isinstance(work, asyncio.Task) else work
        for connection, protocol, kind in self.connections():
            handler = kind.handler(protocol)
            if handler is None or not _within(handler, coroutine):
                continue
            return self._enter_again(connection, protocol, kind, handler)
        return False

    def _enter_again(self, connection: Connection, protocol: Any, kind: Kind, handler: Any) -> bool:
        if connection.factory is None:
            return False
        undo = kind.gate(connection, protocol)
        record = kind.carry(connection, protocol)
        if isinstance(record, str):
            undo()
            return False
        tasks = [task for task in asyncio.all_tasks() if task.get_coro() is handler]
        kind.detach(connection, protocol)
        connection.shells = None
        connection.transport.set_protocol(Gathering())
        self.take_on(connection, connection.factory, record._replace(unsent=b""))
        for task in tasks:
            task.cancel("hotswap: the handler is entered again")
        return True

    # The end.

    def close_all(self, code: int = 1012) -> None:
        """Close every connection cleanly; WebSockets get `code`."""
        for connection, protocol, kind in self.connections():
            kind.refuse(connection, protocol, code)
        if self.keeping is not None:
            self.keeping.farewell()


def _say(plug: socket.socket, data: bytes) -> None:
    """Send a few last bytes, if the socket takes them at once."""
    plug.setblocking(False)
    try:
        plug.send(data)
    except OSError as error:
        log.debug("last words not sent: %s", error)


def _within(handler: Any, coroutine: object) -> bool:
    """Say whether `coroutine` is `handler` or awaited by it, however deep."""
    seen = 0
    while handler is not None and seen < 1000:
        if handler is coroutine:
            return True
        handler = (
            getattr(handler, "cr_await", None)
            or getattr(handler, "gi_yieldfrom", None)
            or getattr(handler, "ag_await", None)
        )
        seen += 1
    return False

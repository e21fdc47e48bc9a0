"""Every live connection, its memory, and the way from one handler to the next.

A connection is known by its transport; which protocol serves it may change (an HTTP connection becomes a WebSocket),
so the protocol is asked for when it matters, and kept nowhere. Kinds (`Kind`) know how one sort of protocol is
examined, detached and entered again; nothing here knows HTTP or WebSocket.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections import Counter
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from hotswap.wire.arrivals import Arrivals
from hotswap.wire.connection import Connection
from hotswap.wire.datagrams import Datagrams
from hotswap.wire.lines import Gathering, Line, unsent_of
from hotswap.wire.names import Names
from hotswap.wire.peers import Peer
from hotswap.wire.records import ConnectionRecord
from hotswap.wire.standstill import Standstill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap.source.model import Reload
    from hotswap.wire.keeping import Keeping
    from hotswap.wire.kinds import Kind
    from hotswap.wire.records import Manifest

log = logging.getLogger("hotswap")

SWEEP = 64
"""Closed connections that may be remembered, besides as many as there are live ones."""

BATCH = 256
"""Connections adopted at a time: those adopted answer while the others wait."""


THAW = 5.0
"""Seconds after the adoption of many connections until collections look at what was there before."""


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
        self.arrivals = Arrivals(manifest, grace=grace, on_settled=on_settled)
        self.standstill = Standstill(self)
        self.datagrams = Datagrams(manifest)
        self.before_adoption: list[Callable[[], None]] = []
        """Called before connections of a listener are adopted: app state set by start-up is put back here."""
        self._afterwards: list[Callable[[], object]] | None = None
        """While connections of a listener are adopted: what must wait for the listener to be known to its server."""
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
        self.bound: dict[str, str] = {}
        """Sockets that the program has bound itself: the key of the address they have -> that of the one asked for."""
        self.keeping: Keeping | None = None
        """The link to the TLS keeper, where one is wanted."""
        self._next_id = manifest.next_id if manifest is not None else 1

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

    def serve_held(self) -> None:
        """Serve what was accepted while everything stood still."""
        for connection in list(self._connections.values()):
            held, connection.held = connection.held, None
            if held is not None and connection.live and connection.factory is not None:
                self._begin(connection, connection.factory)
                held.hand_over(connection.transport)
        if self.keeping is not None:
            self.keeping.go_on()

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
        peer: Peer | None = None,
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
            if connection.transport.get_extra_info("sslcontext") and connection.peer is None:
                yield connection, protocol, self.secured
            else:
                yield connection, protocol, self.kind_of(protocol)

    def kind_of(self, protocol: object) -> Kind:
        """Give the kind that serves `protocol`."""
        for kind in self.kinds:
            if kind.serves(protocol):
                return kind
        raise LookupError(f"no kind serves {protocol!r}")

    def carried_ids(self) -> frozenset[int]:
        """Give the identities of all connections that the last image handed over and that were not lost since."""
        return frozenset(self.arrivals.ids() | set(self._by_id))

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
        found.remembers = True
        return found.memory

    def resumed(self, connection: object) -> int:
        """Say how often the handler of `connection` has been entered again."""
        found = self.find(connection)
        if found is None:
            return 0
        found.remembers = True
        return found.resumed

    async def adopted_connection(self, identity: int) -> Connection | None:
        """Wait until a carried connection is adopted; give None when it was lost instead."""
        while (found := self._by_id.get(identity)) is None:
            if identity not in self.carried_ids():
                return None
            await self.arrivals.event(identity).wait()
        return found

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
        records = self.arrivals.take(loop, key)
        self.arrivals.adopting += 1
        self._afterwards = []
        collecting = gc.isenabled()
        gc.disable()  # 11 s -> 5 s at 9,500 connections
        try:
            for start in range(0, len(records), BATCH):
                batch = records[start : start + BATCH]
                lines = await asyncio.gather(*(self._receive(loop, record) for record in batch))
                for record, line in zip(batch, lines, strict=True):
                    if line is not None:
                        self._resume(line, factory, record)
                self.arrivals.answer()
        finally:
            self.arrivals.adopting -= 1
            if collecting:
                if len(records) >= BATCH:
                    gc.freeze()  # or the next collection walks all that was imported and adopted
                    loop.call_later(THAW, gc.unfreeze)
                gc.enable()
        steps, self._afterwards = self._afterwards, None
        for step in steps or ():
            loop.call_soon(step)
        loop.call_soon(self.arrivals.settle)

    def afterwards(self, step: Callable[[], object]) -> None:
        """Do `step` soon, and not before whoever opened the listener has got it."""
        if self._afterwards is not None:
            self._afterwards.append(step)
        else:
            asyncio.get_running_loop().call_soon(step)

    async def _receive(self, loop: asyncio.AbstractEventLoop, record: ConnectionRecord) -> Any:
        """Make an inherited descriptor a paused transport with a `Gathering` protocol."""
        if record.peer and self.keeping is not None:
            plug: socket.socket = self.keeping.shared(record.fd, Peer(*record.peer).name)
        else:
            plug = socket.socket(fileno=record.fd)
        plug.setblocking(False)
        try:
            transport, _ = await loop.connect_accepted_socket(Gathering, plug)
        except OSError as error:
            plug.close()
            self.arrivals.lose(f"1 {record.kind}: {error}")
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
        peer = Peer(*record.peer) if record.peer else None  # a plain tuple from an older image
        shells = self.arrivals.standing.pop(record.id, None)
        if shells is not None and shells.line is not None:
            shells.line.real = transport  # the app holds this very transport object
            shells.line.peer = peer
            transport = shells.line
        connection = self._introduce(transport, factory, record.key, record.id, peer)
        connection.resumed = record.resumed
        connection.shells = shells
        if connection.shells is not None:
            connection.memory = connection.shells.memory
        if gathering.early:
            record = record._replace(raw=record.raw + bytes(gathering.early))
        if record.unsent:
            connection.transport.write(record.unsent)
        self._take_on(connection, factory, record)
        if counted:
            self.arrivals.keep(record.word)
        self.arrivals.arrived(record.id)

    def _take_on(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        """Serve a detached connection by a fresh protocol; on failure close it and say so.

        In a context of its own: what a protocol notes there is the connection's (`origin`), not its listener's.
        """
        context = copy_context()
        if record.kind == "fresh":
            context.run(self._begin, connection, factory)
            if record.raw:
                context.run(connection.protocol.data_received, record.raw)
            connection.transport.resume_reading()
            return
        for kind in self.kinds:
            if record.kind in kind.carries:
                try:
                    context.run(kind.adopt, connection, factory, record)
                except Exception as error:
                    log.exception("a carried %s connection could not be adopted", record.kind)
                    self.arrivals.lose(f"1 {record.kind}: {error!r}")
                    connection.transport.abort()
                return
        self.arrivals.lose(f"1 {record.kind}: this version cannot adopt it")
        connection.transport.abort()

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
        self._take_on(connection, connection.factory, record._replace(unsent=b""))
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

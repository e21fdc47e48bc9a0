"""HTTP/1.1 served by uvicorn: keep-alive kept, half requests and unanswered safe ones replayed, event streams resumed.

The only state carried is raw bytes: those of requests that are not answered yet. A fresh protocol is fed them and
finds itself where the old one was.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hotswap.wire import origin
from hotswap.wire.asking import EVENT_ID, LIMIT, after_answered, ask_again
from hotswap.wire.kinds import Busy, Kind
from hotswap.wire.lines import Hole

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry

_ROOM = 4096
"""Bytes that an idle connection may go on holding."""

CONTINUED = "continued"
"""Note of a request whose client was told ``100 Continue`` where it asked for that; it is not told again."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be carried out twice (RFC 9110 section 9.2.1)."""


class Tracked:
    """Mixed into uvicorn's HTTP protocols: the raw bytes of what is not answered yet."""

    registry: Registry
    raw: bytes | bytearray = b""
    overflow = False
    """`raw` is not complete, or does not begin with a request."""
    if TYPE_CHECKING:
        cycle: Any
        transport: Any
        flow: Any
        scope: Any
        loop: Any
        tasks: set[Any]
        timeout_keep_alive: int
        timeout_keep_alive_task: Any
        timeout_keep_alive_handler: Any

        def data_received(self, data: bytes) -> None: ...

    def unanswered(self) -> int:
        """Count requests that were received, at least their heads, and are not answered to the end."""
        raise NotImplementedError

    def answered(self) -> int:
        """Count requests at the start of `raw` that were answered to the end."""
        raise NotImplementedError

    def at_boundary(self) -> bool:
        """Say whether all that was received belongs to requests that are answered."""
        raise NotImplementedError

    def append(self, data: bytes) -> None:
        """Take more bytes of a request that has begun."""
        if len(self.raw) + len(data) > LIMIT:
            self.overflow = True
        elif isinstance(self.raw, bytearray):
            self.raw += data
        else:
            self.raw = bytearray(self.raw + data)

    def replayable(self) -> bytes | None:
        """Give the bytes from the first unanswered request on; None when they were not kept."""
        if self.at_boundary():
            return b""
        return None if self.overflow else after_answered(bytes(self.raw), self.answered())


class TrackedCycle:
    """Mixed into uvicorn's request cycles: knows an event stream when it begins; an `origin.Origin`."""

    streaming = False
    last_event_id = b""
    began = 0.0
    if TYPE_CHECKING:
        response_complete: bool
        disconnected: bool
        transport: Any
        scope: Any

    def begin(self) -> None:
        """Be where the tasks come from that the handler starts."""
        self.began = time.monotonic()
        origin.current.set(self)

    def over(self) -> bool:
        return self.response_complete or self.disconnected or self.transport.is_closing()

    def asked(self) -> str:
        return f"{self.scope['method']} {self.scope['path']}"

    def note(self, message: Any) -> None:
        """Look at a response's head, or at a part of an event stream."""
        if self.streaming:
            found = EVENT_ID.findall(message.get("body", b""))
            if found:
                self.last_event_id = found[-1]
            return
        for name, value in message.get("headers", ()):
            if len(name) == 12 and name.lower() == b"content-type":
                self.streaming = value.startswith(b"text/event-stream")


class HTTP(Kind):
    """The kind of `Tracked` protocols."""

    carries = frozenset({"http", "sse"})

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def serves(self, protocol: object) -> bool:
        return isinstance(protocol, Tracked)

    def name(self, protocol: Tracked) -> str:
        return "sse" if self._streams(protocol) else "http"

    def prepare(self, connection: Connection, protocol: Tracked) -> None:
        """Nothing to note."""

    def handler(self, protocol: Tracked) -> Any:
        if protocol.cycle is None:  # idle; `tasks` are those of all connections
            return None
        for task in protocol.tasks:
            coroutine = task.get_coro()
            frame = getattr(coroutine, "cr_frame", None)
            if frame is not None and frame.f_locals.get("self") is protocol.cycle:
                return coroutine
        return None

    def _streams(self, protocol: Tracked) -> bool:
        cycle = protocol.cycle
        return (
            cycle is not None
            and cycle.response_started
            and not cycle.response_complete
            and getattr(cycle, "streaming", False)
        )

    def busy(self, connection: Connection, protocol: Tracked) -> Busy | None:  # noqa: ARG002
        cycle = protocol.cycle
        if protocol.unanswered() == 0 or cycle is None or self._streams(protocol):
            return None
        if cycle.response_complete:
            return Busy(protocol)  # pipelined requests are about to begin
        if cycle.more_body and not cycle.response_started and not protocol.overflow:
            return None  # what has arrived of it is received again
        return Busy(cycle)

    def gate(self, connection: Connection, protocol: Tracked) -> Callable[[], None]:
        flow = protocol.flow
        was_paused = flow.read_paused
        flow.read_paused = False  # or the app's next receive() would begin to read again
        connection.transport.pause_reading()

        def undo() -> None:
            if not connection.live:
                return
            if was_paused and protocol.unanswered() and not protocol.cycle.response_complete:
                flow.read_paused = True
            else:
                connection.transport.resume_reading()

        return undo

    def carry(self, connection: Connection, protocol: Tracked) -> ConnectionRecord | str:
        cycle = protocol.cycle
        raw = protocol.replayable()
        if raw is None:
            return "HTTP request too large to be received again"
        unanswered = protocol.unanswered() > 0
        if self._streams(protocol):
            if protocol.unanswered() > 1:
                return "event stream with more requests behind it"
            return self._registry.basics(
                connection, "sse", opening=raw, note=cycle.last_event_id.decode("latin-1")
            )
        if unanswered and cycle is not None and not cycle.response_complete:
            where = f"{cycle.scope['method']} {cycle.scope['path']}"
            if cycle.response_started:
                return f"response that was being sent: {where}"
            if cycle.scope["method"] not in SAFE and not cycle.more_body:
                return f"request that was being worked on: {where}"
        told = unanswered and cycle is not None and not cycle.waiting_for_100_continue
        return self._registry.basics(connection, "http", raw=raw, note=CONTINUED if told else "")

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        protocol = factory()
        transport = connection.transport
        transport.set_protocol(protocol)
        if record.kind == "sse":
            self._resume_stream(connection, protocol, record)
            return
        protocol.connection_made(transport)
        if record.raw:
            protocol.data_received(record.raw)
            if record.note == CONTINUED and protocol.cycle is not None:
                protocol.cycle.waiting_for_100_continue = False
        elif protocol.timeout_keep_alive_task is None:
            protocol.timeout_keep_alive_task = protocol.loop.call_later(
                protocol.timeout_keep_alive, protocol.timeout_keep_alive_handler
            )
        if not self._registry.gated and not protocol.flow.read_paused:
            transport.resume_reading()

    def _resume_stream(
        self, connection: Connection, protocol: Tracked, record: ConnectionRecord
    ) -> None:
        """Ask the app for the stream again; its handler may know that it is asked again."""
        transport = connection.transport

        def put_in() -> None:
            protocol.transport = protocol.flow._transport = protocol.cycle.transport = transport

        ask_again(self._registry, connection, protocol, record, put_in)
        cycle = protocol.cycle
        if cycle is not None:
            cycle.last_event_id = record.note.encode("latin-1")
            cycle.scope.setdefault("extensions", {})["hotswap"] = {
                "connection": connection.id,
                "resumed": connection.resumed,
            }
        protocol.raw = record.opening

    def detach(self, connection: Connection, protocol: Any) -> None:
        hole = Hole(connection.transport)
        protocol.transport = protocol.flow._transport = hole
        getattr(protocol, "connections", set()).discard(protocol)
        if protocol.timeout_keep_alive_task is not None:
            protocol.timeout_keep_alive_task.cancel()
        if protocol.cycle is not None:
            protocol.cycle.transport = hole
            protocol.cycle.disconnected = True
            protocol.cycle.logger = _Silent()

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:  # noqa: ARG002
        if protocol.unanswered() == 0:
            connection.transport.close()
            return
        cycle = protocol.cycle
        if not cycle.response_started:
            connection.transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
                b"content-length: 19\r\nretry-after: 1\r\nconnection: close\r\n\r\nService Unavailable"
            )
            cycle.disconnected = True
            connection.transport.close()
        elif self._streams(protocol):
            connection.transport.close()
        else:
            connection.transport.abort()


class _Silent:
    """The logger of a cycle whose handler is being cancelled: its end is no news."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def httptools(registry: Registry) -> type:
    """Give uvicorn's httptools protocol, tracked: about 1 us a request, hence the plain calls of base methods."""
    from uvicorn.protocols.http import httptools_impl

    base = httptools_impl.HttpToolsProtocol
    base_cycle = httptools_impl.RequestResponseCycle
    receive, complete = base.data_received, base.on_message_complete
    send_plain, run_plain = base_cycle.send, base_cycle.run_asgi

    class Cycle(TrackedCycle, base_cycle):  # type: ignore[misc, valid-type]
        def send(self, message: Any) -> Any:
            if not self.response_started or self.streaming:
                self.note(message)
            return send_plain(self, message)

        def run_asgi(self, app: Any) -> Any:
            self.begin()
            return run_plain(self, app)

    class TrackedHttpTools(Tracked, base):  # type: ignore[misc, valid-type]
        completed: Any = None
        """The scope of the last request that was received to its end; a new request makes a new scope."""
        ended = 0
        """Requests of `raw` that were received to their end."""

        def data_received(self, data: bytes) -> None:
            cycle = self.cycle
            if (
                self.scope is self.completed
                and (cycle is None or cycle.response_complete)
                and not self.pipeline
            ):
                self.raw = data
                self.ended = 0
                self.overflow = False
            else:
                self.append(data)
            receive(self, data)

        def on_message_complete(self) -> None:
            self.completed = self.scope
            self.ended += 1
            if len(self.raw) > _ROOM and self.scope.get("method") not in SAFE:
                self.raw = (
                    b""  # it will not be asked again, and an idle connection need not hold it
                )
                self.overflow = True
            complete(self)

        def unanswered(self) -> int:
            cycle = self.cycle
            current = cycle is not None and not cycle.response_complete
            return len(self.pipeline) + current

        def answered(self) -> int:
            newest = self.pipeline[0][0] if self.pipeline else self.cycle
            begun = self.ended + (self.scope is not self.completed)
            headless = newest is None or newest.scope is not self.scope
            return begun - headless - self.unanswered()

        def at_boundary(self) -> bool:
            cycle = self.cycle
            return (
                self.scope is self.completed
                and (cycle is None or cycle.response_complete)
                and not self.pipeline
            )

    httptools_impl.RequestResponseCycle = Cycle  # type: ignore[misc]
    TrackedHttpTools.registry = registry
    return TrackedHttpTools


def h11(registry: Registry) -> type:
    """Give uvicorn's h11 protocol, tracked."""
    import h11 as library
    from uvicorn.protocols.http import h11_impl

    base = h11_impl.H11Protocol
    base_cycle = h11_impl.RequestResponseCycle
    receive, send_plain, run_plain = base.data_received, base_cycle.send, base_cycle.run_asgi

    class Cycle(TrackedCycle, base_cycle):  # type: ignore[misc, valid-type]
        def send(self, message: Any) -> Any:
            if not self.response_started or self.streaming:
                self.note(message)
            return send_plain(self, message)

        def run_asgi(self, app: Any) -> Any:
            self.begin()
            return run_plain(self, app)

    class TrackedH11(Tracked, base):  # type: ignore[misc, valid-type]
        def data_received(self, data: bytes) -> None:
            if self.conn.their_state is library.IDLE and self.at_boundary():
                self.raw = data
                self.overflow = False
            else:
                self.append(data)
            receive(self, data)

        def unanswered(self) -> int:
            cycle = self.cycle
            return int(cycle is not None and not cycle.response_complete)

        def at_boundary(self) -> bool:
            return (
                self.conn.their_state is library.IDLE
                and self.unanswered() == 0
                and not self.conn.trailing_data[0]
            )

        def on_response_complete(self) -> None:
            if self.conn.their_state is library.DONE:
                self.raw = bytes(self.conn.trailing_data[0])  # h11 tells what it has not looked at
            else:
                self.overflow = True  # answered before the request was received: its end is unknown
            super().on_response_complete()

        def answered(self) -> int:
            return 0

    h11_impl.RequestResponseCycle = Cycle  # type: ignore[misc]
    TrackedH11.registry = registry
    return TrackedH11

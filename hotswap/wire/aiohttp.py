"""HTTP served by aiohttp: keep-alive kept, half requests and unanswered safe ones replayed, event streams resumed.

Its WebSockets are `hotswap.wire.aiohttp_websockets`; other responses under way are drained, then cut off.
"""

from __future__ import annotations

import functools
import time
import weakref
from typing import TYPE_CHECKING, Any

from hotswap.wire import aiohttp_websockets, origin
from hotswap.wire.aiohttp_websockets import Talk
from hotswap.wire.asking import EVENT_ID, LIMIT, after_answered, ask_again
from hotswap.wire.http import SAFE
from hotswap.wire.kinds import Busy, Kind
from hotswap.wire.lines import Hole
from hotswap.wire.websockets import Silent, close_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry

ROOM = 1 << 16
"""Bytes of answered requests after which they are looked through for where the unanswered ones begin."""


class Tracked:
    """Mixed into aiohttp's ``RequestHandler``: the raw bytes from some answered request on."""

    raw = b""
    before = 0
    """Requests that came before those of `raw`."""
    overflow = False
    """`raw` is not complete."""
    response: Any = None
    """The one that was prepared last."""
    last_event_id = b""
    talk: Talk | None = None
    """Of a connection that was upgraded."""
    if TYPE_CHECKING:
        transport: Any
        _request_count: int
        _messages: Any
        _current_request: Any
        _upgraded: bool

    def data_received(self, data: bytes) -> None:
        if self._upgraded:
            if self.talk is not None:
                self.talk.frames.feed(data)
        else:
            if self.idle and (self.raw.endswith(b"\r\n\r\n") or not self.raw):
                self.begin(data)
            elif len(self.raw) + len(data) > LIMIT:
                self.overflow = True
            else:
                if self.idle and len(self.raw) > ROOM:
                    self.begin(self.unanswered() or b"")
                self.raw += data
        super().data_received(data)  # type: ignore[misc]
        if self._upgraded and self.raw:
            if self.talk is None:
                self.talk = Talk(self.unanswered() or b"")
            self.raw = b""

    def _handle_request(self, request: Any, *args: Any) -> Any:
        origin.current.set(Served(self, request))
        return super()._handle_request(request, *args)  # type: ignore[misc]

    def connection_lost(self, error: BaseException | None) -> None:
        if self.talk is not None:
            self.talk.heard()  # a handler that ends without asking for a message must silence nobody
        super().connection_lost(error)  # type: ignore[misc]

    def begin(self, raw: bytes) -> None:
        """Forget what was answered."""
        self.raw, self.before, self.overflow = raw, self._request_count, False

    @property
    def idle(self) -> bool:
        """All requests that were received are answered."""
        return self._current_request is None and not self._messages

    def unanswered(self) -> bytes | None:
        """Give the bytes from the first unanswered request on; None when they were not kept."""
        if self.overflow:
            return None
        waiting = len(self._messages) + (self._current_request is not None)
        return after_answered(self.raw, self._request_count - self.before - waiting)


class Served:
    """A request, as the `origin.Origin` of tasks."""

    __slots__ = ("_protocol", "_request", "began")

    def __init__(self, protocol: Tracked, request: Any) -> None:
        self._protocol = protocol
        self._request = request
        self.began = time.monotonic()

    def over(self) -> bool:
        return self._protocol._current_request is not self._request

    def asked(self) -> str:
        return f"{self._request.method} {self._request.path}"


class AioHTTP(Kind):
    """The kind of `Tracked` protocols."""

    carries = frozenset({"http/aiohttp", "sse/aiohttp", "websocket/aiohttp"})

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def serves(self, protocol: object) -> bool:
        return isinstance(protocol, Tracked)

    def name(self, protocol: Any) -> str:
        if protocol._upgraded:
            return "websocket"
        return "sse" if _streams(protocol) else "http"

    def prepare(self, connection: Connection, protocol: Any) -> None:
        """Nothing to note."""

    def handler(self, protocol: Any) -> Any:
        talk = protocol.talk
        task = talk.task if talk is not None and talk.task is not None else protocol._task_handler
        return task.get_coro() if task is not None else None

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:  # noqa: ARG002
        request, talk = protocol._current_request, protocol.talk
        if talk is not None and not protocol.idle:
            return Busy((id(protocol), talk.taken)) if talk.busy else None
        if protocol._upgraded or protocol.idle or _streams(protocol):
            return None
        if request is None:
            return Busy(protocol)  # it is about to begin
        if not _started(request) and not request.content.is_eof() and not protocol.overflow:
            return None  # what has arrived of it is received again
        return Busy(id(request))

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:
        was_paused = protocol._reading_paused or protocol._buffer_paused
        connection.transport.pause_reading()

        def undo() -> None:
            if connection.live and not was_paused:
                connection.transport.resume_reading()

        return undo

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:
        request = protocol._current_request
        if protocol.talk is not None:
            if protocol.idle:
                return "connection that was upgraded, and answered"
            started = request is not None and _started(request)
            return aiohttp_websockets.carry(
                self._registry, connection, protocol.talk, started=started
            )
        raw = protocol.unanswered()
        if raw is None:
            return "HTTP request too large to be received again"
        if _streams(protocol):
            if protocol._messages:
                return "event stream with more requests behind it"
            note = protocol.last_event_id.decode("latin-1")
            return self._registry.basics(connection, "sse/aiohttp", opening=raw, note=note)
        if request is not None:
            where = f"{request.method} {request.path}"
            if _started(request):
                return f"response that was being sent: {where}"
            if request.method not in SAFE and request.content.is_eof():
                return f"request that was being worked on: {where}"
        return self._registry.basics(connection, "http/aiohttp", raw=raw)

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        protocol = factory()
        transport = connection.transport
        if record.word == "websocket":
            aiohttp_websockets.adopt(self._registry, connection, protocol, record)
            return
        transport.set_protocol(protocol)
        if record.opening:
            self._resume_stream(connection, protocol, record)
            return
        protocol.connection_made(transport)
        if record.raw:
            protocol.data_received(record.raw)
        if not self._registry.gated and not protocol._buffer_paused:
            transport.resume_reading()

    def _resume_stream(
        self, connection: Connection, protocol: Any, record: ConnectionRecord
    ) -> None:
        """Ask the app for the stream again."""

        def put_in() -> None:
            protocol.transport = connection.transport

        ask_again(self._registry, connection, protocol, record, put_in)
        protocol.raw = record.opening
        protocol.last_event_id = record.note.encode("latin-1")

    def detach(self, connection: Connection, protocol: Any) -> None:
        protocol.transport = hole = Hole(connection.transport)
        protocol.logger = Silent()
        if protocol.talk is not None and protocol.talk.socket is not None:
            protocol.talk.socket._writer.transport = hole

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        request = protocol._current_request
        if protocol._upgraded:
            connection.transport.write(close_frame(code, "service restart"))
            connection.transport.close()
        elif request is not None and _started(request):
            connection.transport.abort()  # cut off: never a clean end
        else:
            if request is not None:
                connection.transport.write(
                    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
                    b"Connection: close\r\n\r\n"
                )
            connection.transport.close()


def _started(request: Any) -> bool:
    """Say whether anything of the response was sent."""
    return bool(request._payload_writer.output_size)


def _streams(protocol: Any) -> bool:
    """Say whether an event stream is being sent."""
    request, response = protocol._current_request, protocol.response
    return (
        request is not None
        and response is not None
        and response._req is request
        and response.content_type == "text/event-stream"
        and _started(request)
    )


def follow_responses(response: Any) -> None:
    """Note which response a connection sends, and where an event stream is (``StreamResponse``)."""
    prepare, write = response.prepare, response.write

    async def prepare_noted(self: Any, request: Any) -> Any:
        writer = await prepare(self, request)
        if isinstance(request._protocol, Tracked):
            request._protocol.response = self
        return writer

    async def write_noted(self: Any, data: Any) -> None:
        if self.content_type == "text/event-stream" and isinstance(self._req._protocol, Tracked):
            found = EVENT_ID.findall(bytes(data))
            if found:
                self._req._protocol.last_event_id = found[-1]
        await write(self, data)

    response.prepare, response.write = prepare_noted, write_noted


def tracked(base: type) -> type:
    """Give aiohttp's ``RequestHandler``, tracked."""
    return type("TrackedRequestHandler", (Tracked, base), {})


applications: list[weakref.ref[Any]] = []
"""In the order in which they were made; the keys of such a one are to it what ``app.state`` is to Starlette's."""


def follow_applications(application: Any) -> None:
    """Know all applications: a function makes them, and no module of the program holds them (``web.Application``)."""
    make = application.__init__

    @functools.wraps(make)
    def noted(self: Any, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        applications.append(weakref.ref(self))

    application.__init__ = noted

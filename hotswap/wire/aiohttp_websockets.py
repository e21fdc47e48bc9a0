"""WebSockets of aiohttp: kept as uvicorn's are, by a handshake that is replayed through a mute transport.

A ``WebSocketResponse`` is made by the handler, and knows its connection once it is prepared. Its parser is a C class
that shows neither its inflater nor what it has not delivered yet. So whole messages are remembered until the queue,
which is ours, has got them, and a fresh inflater is primed by frames that say the window again, to nobody.
"""

from __future__ import annotations

import asyncio
import zlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush
from hotswap.wire.frames import FrameTail
from hotswap.wire.hush import Hush
from hotswap.wire.lines import Gathering, Mute
from hotswap.wire.sessions import session
from hotswap.wire.turns import Turns
from hotswap.wire.websockets import REFUSED, Window, close_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry

TEXT, BINARY, PING, PONG = 1, 2, 9, 10
"""Types of aiohttp's messages are the opcodes of RFC 6455 section 5.2; its own ones are above 255, CLOSE is 8."""

BITS = 15
"""aiohttp's inflater has the largest window, whatever was negotiated."""

CHUNK = 4096
"""Bytes of the window that are said again in one message; fewer where the app takes only smaller ones."""

entering: ContextVar[Connection | None] = ContextVar("hotswap_entering", default=None)
"""The connection whose handler runs again: the WebSocket it makes is the one that others hold."""


class Talk(Turns):
    """What is noted of one WebSocket while aiohttp serves it.

    Args:
        opening: The request that opened it; empty when it was too large to be remembered.
    """

    def __init__(self, opening: bytes, window: bytes = b"") -> None:
        super().__init__()
        head, mark, rest = opening.partition(b"\r\n\r\n")
        self.opening = head + mark
        self.frames = FrameTail(keep=True)
        self.frames.feed(rest)
        self.window = Window(BITS, window)
        self.socket: Any = None
        """The app's ``WebSocketResponse``, once it is prepared."""
        self.task: asyncio.Task[Any] | None = None
        """The handler's."""
        self.priming = False
        self.joined: Callable[[], object] | None = None
        """Called when the handler of an adopted connection has prepared its response."""
        self.opened = asyncio.Event()
        """Set when the handshake is over."""

    def unread(self) -> bytes:
        """Give the bytes of messages that the parser has not delivered."""
        return b"".join(raw for _, raw in self.frames.complete or ()) + self.frames.pending

    def delivered(self, message: Any) -> None:
        """Note that a message is in the queue: the oldest of those that were received."""
        if message.type not in (TEXT, BINARY) or not self.frames.complete:
            return
        compressed, _ = self.frames.complete.popleft()
        if compressed:
            data = message.data
            self.window.take(data.encode() if isinstance(data, str) else data, final=True)

    @property
    def parked(self) -> bool:
        """The app waits, and there is nothing for it."""
        return self.socket is not None and self.socket._waiting and not self.socket._reader._buffer

    @property
    def busy(self) -> bool:
        """The handler has taken a message and not answered it."""
        if self.socket is None:
            return True  # the handshake is under way
        if self.socket._closed or self.parked or not self.taken:
            return False
        return self.replying

    def prime(self) -> None:
        """Say the window again to a fresh inflater (RFC 7692 section 7.2.3.2)."""
        limit = self.socket._max_msg_size
        size = max(1, min(CHUNK, limit - 1)) if limit else CHUNK
        window = self.window.boundary
        self.priming = True
        for start in range(0, len(window), size):
            packer = zlib.compressobj(0, wbits=-BITS)
            said = packer.compress(window[start : start + size]) + packer.flush(zlib.Z_SYNC_FLUSH)
            self.socket._parser.feed_data(_frame(0xC0 | BINARY, said.removesuffix(b"\0\0\xff\xff")))
        self.priming = False


def _frame(first: int, payload: bytes) -> bytes:
    """Give one frame, unmasked: for our own parser."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def carry(
    registry: Registry, connection: Connection, talk: Talk, *, started: bool
) -> ConnectionRecord | str:
    """Give the record of a connection that was upgraded, or why it cannot be kept.

    Args:
        registry: Of all connections.
        connection: The one.
        talk: What was noted of it.
        started: Something of the answer to the handshake was sent.
    """
    if not talk.opening:
        return "HTTP request too large to be received again"
    socket = talk.socket
    if socket is None:
        if started:
            return "response that was being sent, to a request for an upgrade"
        return registry.basics(connection, "fresh", raw=talk.opening + talk.unread())
    if socket._closed or socket._closing:
        return "WebSocket that was closing"
    if talk.frames.complete and getattr(socket._reader, "_stalled_reader", None) is None:
        return "WebSocket of aiohttp"  # its queue is not ours
    held = session(talk.task.get_coro() if talk.task else None, socket.ws_protocol or "")
    if held:
        return f"{held}, which its client begins anew"
    waiting = bytearray()
    again = talk.unanswered(connection) if talk.parked or talk.again else []
    for kind, said in again:
        data = said.encode() if isinstance(said, str) else said
        waiting += _frame(0x80 | (TEXT if kind == "text" else BINARY), data)
    for message, *_ in socket._reader._buffer:
        if message.type not in (TEXT, BINARY, PING, PONG):
            return "WebSocket that was closing"
        data = message.data
        waiting += _frame(0x80 | message.type, data.encode() if isinstance(data, str) else data)
    return registry.basics(
        connection,
        "websocket/aiohttp",
        opening=talk.opening,
        raw=bytes(waiting) + talk.unread(),
        again=len(again) + talk.again,
        window=talk.window.boundary,
        hushed=talk.parked or talk.hush is not None or (bool(waiting) and not talk.spoke),
    )


def adopt(
    registry: Registry, connection: Connection, protocol: Any, record: ConnectionRecord
) -> None:
    """Let a fresh protocol serve a carried WebSocket."""
    transport = connection.transport
    connection.resumed += 1
    registry.arrivals.restart()
    talk = protocol.talk = Talk(record.opening, record.window)
    talk.hush = Hush() if record.hushed else None
    talk.again = record.again
    if connection.shells is not None and connection.shells.in_lists:
        talk.unsettled = connection.shells
    transport.set_protocol(
        Gathering(protocol)
    )  # what arrives meanwhile comes after what was carried

    def heard(data: bytes) -> None:
        """Take the answer to the replayed handshake."""
        if protocol.transport is transport:
            return
        protocol.transport = transport
        if not data.startswith(b"HTTP/1.1 101"):
            talk.heard()
            talk.opened.set()
            transport.write(close_frame(REFUSED, "refused after a reload"))
            transport.close()

    def joined() -> None:
        """The handler has its WebSocket: it speaks to the client, once what was carried is before it."""
        talk.joined = None
        talk.socket._writer.transport = transport
        talk.prime()
        talk.opened.set()
        asyncio.get_running_loop().call_soon(go_on)

    def go_on() -> None:
        if not connection.live:
            return
        gathering = transport.get_protocol()
        transport.set_protocol(protocol)
        arrived = record.raw + bytes(gathering.early)
        if arrived:
            protocol.data_received(arrived)
        if not protocol._reading_paused and not registry.gated:
            transport.resume_reading()

    talk.joined = joined
    outer = entering.set(connection)  # the handler's task takes both along
    silence = hush.current.set(talk.hush)
    protocol.connection_made(Mute(transport, heard))
    hush.current.reset(silence)
    entering.reset(outer)
    registry.afterwards(lambda: protocol.data_received(record.opening))


class Waiting:
    """Writes for a WebSocket whose handler has not prepared it again: others hold it, and may speak."""

    transport = None

    def __init__(self, registry: Registry, identity: int) -> None:
        self._registry = registry
        self._id = identity

    async def _writer(self) -> Any:
        connection = await self._registry.adopted_connection(self._id)
        talk = getattr(connection.protocol, "talk", None) if connection is not None else None
        if talk is not None:
            await talk.opened.wait()
        if talk is None or talk.socket is None:
            raise ConnectionResetError("the connection was lost in the exec reload")
        return talk.socket._writer

    async def send_frame(self, message: bytes, opcode: int, compress: int | None = None) -> None:
        writer = await self._writer()
        await writer.send_frame(message, opcode, compress)

    async def close(self, code: int = 1000, message: bytes | str = b"") -> None:
        writer = await self._writer()
        await writer.close(code, message)


def shell(cls: Any, registry: Registry, identity: int) -> Any:
    """Make the object that stands for an app's WebSocket until its handler makes it again."""
    made = object.__new__(cls)
    made.__dict__["_writer"] = Waiting(registry, identity)
    return made


def patch(module: Any) -> None:
    """Know the WebSockets that aiohttp's server makes (``aiohttp.web_ws``)."""
    response, queue, writer = (
        module.WebSocketResponse,
        module.WebSocketDataQueue,
        module.WebSocketWriter,
    )
    prepare, receive, can_prepare = response.prepare, response.receive, response.can_prepare

    class Queue(queue):  # type: ignore[misc, valid-type]
        """Tells what its parser has delivered."""

        def __init__(self, protocol: Any, *args: Any, **options: Any) -> None:
            super().__init__(protocol, *args, **options)
            self.talk: Talk | None = getattr(protocol, "talk", None)

        def feed_data(self, data: Any, size: int) -> None:
            if self.talk is not None:
                if self.talk.priming:
                    return
                self.talk.delivered(data)
            super().feed_data(data, size)

    class Writer(writer):  # type: ignore[misc, valid-type]
        """Tells that somebody speaks; what was said in a handler's first life is not said again."""

        def send_frame(
            self, message: bytes, opcode: int, compress: int | None = None
        ) -> Coroutine[Any, Any, None]:
            if opcode in (TEXT, BINARY):
                talk = getattr(self.protocol, "talk", None)
                if talk is not None:
                    talk.speak()
                if hush.silent and hush.hushed():
                    return _swallowed()
            sending: Coroutine[Any, Any, None] = super().send_frame(message, opcode, compress)
            return sending

    async def prepare_noted(self: Any, request: Any) -> Any:
        made = await prepare(self, request)
        talk: Talk | None = getattr(request._protocol, "talk", None)
        if talk is not None and talk.socket is None:
            talk.socket = self
            talk.task = asyncio.current_task()
            if talk.joined is not None:
                talk.joined()
            self._transport = request._protocol.transport  # the registry knows connections by it
            talk.opened.set()
        return made

    def receive_noted(self: Any, *args: Any, **options: Any) -> Any:
        talk = getattr(self._req and self._req._protocol, "talk", None)
        if talk is None:
            return receive(self, *args, **options)
        talk.ask()
        talk.pieces.ask()
        return talk.note(receive(self, *args, **options))

    def prepared(self: Any) -> bool:
        return self._writer is not None and not isinstance(self._writer, Waiting)

    def can_prepare_again(self: Any, request: Any) -> Any:
        if isinstance(self._writer, Waiting):
            del self._writer
        return can_prepare(self, request)

    def new(cls: Any, *_: Any, **__: Any) -> Any:
        connection = entering.get()
        shells = connection.shells if connection is not None else None
        known = shells.response(cls) if shells is not None else None
        return known if known is not None else object.__new__(cls)

    module.WebSocketDataQueue, module.WebSocketWriter = Queue, Writer
    response.prepare, response.receive = prepare_noted, receive_noted
    response.can_prepare, response.prepared = can_prepare_again, property(prepared)
    response.__new__ = new


async def _swallowed() -> None:
    """What was said in the handler's first life is not said again."""

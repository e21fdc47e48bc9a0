"""WebSockets of ``websockets.serve``: kept as uvicorn's are, by a handshake that is replayed through a mute transport.

The library's protocol object is the connection object that the app holds, so nothing is subclassed: its methods are
wrapped one by one, on the instance. See `hotswap.wire.websockets` for the reasons.
"""

from __future__ import annotations

import asyncio
import weakref
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush
from hotswap.wire.frames import FrameTail
from hotswap.wire.hush import Hush
from hotswap.wire.kinds import Busy, Kind
from hotswap.wire.lines import Gathering, Hole, Mute
from hotswap.wire.turns import Turns
from hotswap.wire.websockets import REFUSED, Silent, Window, close_frame, follow_extensions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry

HEAD = b"\r\n\r\n"
"""How the opening request ends."""


class Following(Turns):
    """What is noted of one connection while the library serves it."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.opening = b""
        self.tail = FrameTail()
        self.window: Window | None = None
        self.followed = False
        """Extensions were looked at: they are known once the handshake is done."""
        self.waiting = 0
        """The app waits for a message, or for the end."""
        self.opened: asyncio.Event | None = None
        """Set while a replayed handshake is under way: what is said to the client waits for its end."""
        self.later: list[tuple[str, Any]] = []
        self._protocol = protocol

    def follow(self, carried: bytes = b"") -> None:
        """Keep the inflate window from here on, and prime the inflater with a carried one."""
        if not self.followed:
            self.followed = True
            self.window = follow_extensions(self._protocol.protocol.extensions, carried)

    @property
    def parked(self) -> bool:
        """The app waits, and there is nothing for it."""
        return bool(self.waiting) and not len(self._protocol.recv_messages.frames)


def following(protocol: Any) -> Following:
    """Give what is noted of a connection."""
    found: Following = protocol.hotswap_following
    return found


def follow(protocol: Any) -> Following:
    """Note from now on what the app and the client say."""
    notes = protocol.hotswap_following = Following(protocol)
    cls = type(protocol)
    receive, lost = protocol.data_received, protocol.connection_lost

    def data_received(data: bytes) -> None:
        if protocol.request is None:
            notes.opening += data
            receive(data)
            complete = getattr(protocol, "request", None) is not None  # receiving has set it
            if complete:
                head, mark, rest = notes.opening.partition(HEAD)
                notes.opening = head + mark
                notes.tail.feed(rest)
            return
        notes.follow()
        notes.tail.feed(data)
        receive(data)

    def connection_lost(error: Exception | None) -> None:
        notes.heard()
        lost(error)

    async def recv(decode: bool | None = None) -> Any:
        notes.ask()
        notes.pieces.ask()
        notes.waiting += 1
        try:
            return await notes.note(cls.recv(protocol, decode))
        finally:
            notes.waiting -= 1

    async def recv_streaming(decode: bool | None = None) -> AsyncIterator[Any]:
        notes.ask()
        notes.pieces.answered()
        async with aclosing(cls.recv_streaming(protocol, decode)) as parts:
            notes.waiting += 1
            try:
                part: Any = await anext(parts, None)
            finally:
                notes.waiting -= 1
            if part is not None:
                yield part
            async for part in parts:
                yield part

    async def wait_closed() -> None:
        notes.ask()
        notes.waiting += 1
        try:
            await cls.wait_closed(protocol)
        finally:
            notes.waiting -= 1

    async def send(*args: Any, **options: Any) -> None:
        if notes.opened is not None:
            await notes.opened.wait()
        await cls.send(protocol, *args, **options)

    for wrapped in (data_received, connection_lost, recv, recv_streaming, wait_closed, send):
        setattr(protocol, wrapped.__name__, wrapped)
    for name in ("send_text", "send_binary", "send_continuation"):
        setattr(protocol.protocol, name, _said(notes, getattr(protocol.protocol, name)))
    return notes


def _said(notes: Following, send: Callable[..., None]) -> Callable[..., None]:
    """Wrap one of the ways to say something to a client: all of them end there, ``broadcast`` too."""

    def said(*args: Any, **options: Any) -> None:
        notes.speak()
        if not (hush.silent and hush.hushed()):
            send(*args, **options)

    return said


def speak_later(broadcast: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``broadcast``: it passes over who is not open, and who was adopted this moment is only opening again."""

    def broadcast_to_all(
        connections: Iterable[Any], message: Any, *args: Any, **options: Any
    ) -> None:
        everybody = list(connections)
        for each in everybody:
            notes = getattr(each, "hotswap_following", None)
            if notes is not None and notes.opened is not None and not hush.hushed():
                text = options.get("text", isinstance(message, str))
                data = message.encode() if isinstance(message, str) else message
                notes.later.append(("send_text" if text else "send_binary", data))
        broadcast(everybody, message, *args, **options)

    return broadcast_to_all


class WebSocketsServe(Kind):
    """The kind of ``websockets.asyncio.server.ServerConnection``."""

    carries = frozenset({"websocket/serve"})

    def __init__(self, registry: Registry) -> None:
        from websockets.asyncio.server import ServerConnection
        from websockets.protocol import CONNECTING, OPEN

        self._registry = registry
        self._cls = ServerConnection
        self._connecting, self._open = CONNECTING, OPEN

    def serves(self, protocol: object) -> bool:
        return isinstance(protocol, self._cls)

    def name(self, protocol: Any) -> str:  # noqa: ARG002
        return "websocket"

    def prepare(self, connection: Connection, protocol: Any) -> None:  # noqa: ARG002
        follow(protocol)

    def handler(self, protocol: Any) -> Any:
        for task in protocol.server.handler_tasks:
            coroutine = task.get_coro()
            frame = getattr(coroutine, "cr_frame", None)
            if frame is not None and frame.f_locals.get("connection") is protocol:
                return coroutine
        return None

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:  # noqa: ARG002
        notes = following(protocol)
        if protocol.protocol.state is self._connecting:
            return Busy(protocol) if protocol.request is not None else None
        if protocol.protocol.state is not self._open or notes.parked or not notes.taken:
            return None
        if not notes.replying:
            return None
        return Busy((id(protocol), notes.taken))

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:
        messages = protocol.recv_messages
        was_paused, messages.paused = messages.paused, False  # or the app's next recv() would read
        connection.transport.pause_reading()

        def undo() -> None:
            if was_paused and len(messages.frames) > messages.low:
                messages.paused = True
            elif connection.live:
                connection.transport.resume_reading()

        return undo

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:
        notes = following(protocol)
        if protocol.protocol.state is self._connecting:
            return self._registry.basics(connection, "fresh", raw=notes.opening)
        if protocol.protocol.state is not self._open:
            return "WebSocket that was closing"
        queue = tuple(_messages(protocol.recv_messages.frames.queue))
        again = notes.unanswered(connection) if notes.parked or notes.again else []
        return self._registry.basics(
            connection,
            "websocket/serve",
            opening=notes.opening,
            raw=bytes(notes.tail.pending),
            queue=(*again, *queue),
            again=len(again) + notes.again,
            window=notes.window.boundary if notes.window is not None else b"",
            hushed=notes.parked or notes.hush is not None or (bool(queue) and not notes.spoke),
        )

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        protocol = factory()
        if connection.shells is not None:
            protocol = connection.shells.protocol(protocol)
            protocol.logger.extra["websocket"] = weakref.proxy(protocol)
        connection.resumed += 1
        self._registry.arrivals.restart()
        notes = follow(protocol)
        notes.opened = asyncio.Event()
        notes.again = record.again
        if connection.shells is not None and connection.shells.in_lists:
            notes.unsettled = connection.shells
        transport = connection.transport
        transport.set_protocol(Gathering(protocol))
        mute = Mute(transport, lambda data: self._heard(connection, protocol, record, data))
        if record.hushed:
            notes.hush = Hush()
            outer = hush.current.set(notes.hush)  # the handler's task takes it along
            protocol.connection_made(mute)
            hush.current.reset(outer)
        else:
            protocol.connection_made(mute)
        # Not before ``serve`` has its server: the handshake asks whether that is serving.
        self._registry.afterwards(lambda: protocol.data_received(record.opening))

    def _heard(
        self, connection: Connection, protocol: Any, record: ConnectionRecord, data: bytes
    ) -> None:
        """Take the answer to the replayed handshake."""
        transport = connection.transport
        if protocol.transport is transport:
            return
        protocol.transport = transport
        if not data.startswith(b"HTTP/1.1 101"):
            transport.write(close_frame(REFUSED, "refused after a reload"))
            transport.close()
            return
        protocol.recv_messages.pause = transport.pause_reading
        protocol.recv_messages.resume = transport.resume_reading
        following(protocol).follow(record.window)
        asyncio.get_running_loop().call_soon(self._go_on, connection, protocol, record)

    def _go_on(self, connection: Connection, protocol: Any, record: ConnectionRecord) -> None:
        from websockets.frames import Frame, Opcode

        notes = following(protocol)
        opened, notes.opened = notes.opened, None
        if opened is not None:
            opened.set()
        if not connection.live:
            return
        gathering = connection.transport.get_protocol()
        connection.transport.set_protocol(protocol)
        for send, message in notes.later:
            getattr(protocol.protocol, send)(message)
        notes.later.clear()
        protocol.send_data()
        for kind, payload in record.queue:
            opcode = Opcode.TEXT if kind == "text" else Opcode.BINARY
            data = payload.encode() if isinstance(payload, str) else payload
            protocol.recv_messages.put(Frame(opcode, data))
        arrived = record.raw + bytes(gathering.early)
        if arrived:
            protocol.data_received(arrived)
        if gathering.eof:
            protocol.eof_received()
        elif not protocol.recv_messages.paused and not self._registry.gated:
            connection.transport.resume_reading()

    def detach(self, connection: Connection, protocol: Any) -> None:
        protocol.logger = Silent()
        protocol.transport = Hole(connection.transport)
        protocol.connection_lost(
            None
        )  # or its handler, cancelled, would wait for a closing handshake

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        if protocol.protocol.state is self._open:
            connection.transport.write(close_frame(code, "service restart"))
        connection.transport.close()


def _messages(frames: Iterable[Any]) -> Iterable[tuple[str, bytes]]:
    """Give the whole messages among frames that the app has not taken; the rest is received again."""
    parts: list[Any] = []
    for frame in frames:
        parts.append(frame)
        if frame.fin:
            kind = {1: "text", 2: "bytes"}.get(int(parts[0].opcode))
            if kind is not None:
                yield kind, b"".join(bytes(part.data) for part in parts)
            parts = []

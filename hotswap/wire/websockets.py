"""WebSockets served by uvicorn: the opening handshake is replayed through a mute transport.

No protocol object is put together by hand. The bytes of the opening request go to a fresh protocol whose transport
swallows what is written; it builds the scope, negotiates extensions and subprotocol, starts the app; the app's own
``accept`` becomes a 101 nobody hears. At that write the real transport is put in, the inflate window primed, the
carried bytes fed and reading resumed.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush, origin
from hotswap.wire.frames import FrameTail
from hotswap.wire.hush import Hush
from hotswap.wire.kinds import Busy, Kind, may_be_replying
from hotswap.wire.lines import Gathering, Hole, Mute
from hotswap.wire.pieces import Pieces
from hotswap.wire.sessions import session

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from hotswap.wire.connection import Connection
    from hotswap.wire.objects import Shells
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry

REFUSED = 1008
"""RFC 6455 section 7.4.1: policy violation; the new code does not want this connection."""


def close_frame(code: int, reason: str = "") -> bytes:
    """Give a server's close frame (RFC 6455 section 5.5.1)."""
    payload = code.to_bytes(2, "big") + reason.encode()[:123]
    return bytes((0x88, len(payload))) + payload


class Window:
    """The last plaintext of compressed messages: what a raw inflater needs to go on (RFC 7692 section 7.2.3.2).

    `boundary` is the window as it stood before the message that is being received; only compressed messages count.
    """

    __slots__ = ("_size", "boundary", "running")

    def __init__(self, bits: int, carried: bytes) -> None:
        self._size = 1 << bits
        self.boundary = carried
        self.running = carried

    def take(self, plain: bytes, *, final: bool) -> None:
        """Take the plaintext of one compressed frame."""
        size = self._size
        if len(plain) >= size:
            self.running = bytes(plain[-size:])
        else:
            self.running = (self.running + bytes(plain))[-size:]
        if final:
            self.boundary = self.running


async def _swallowed() -> None:
    """What was said in the handler's first life is not said again."""


async def _run_hushed(handler: Coroutine[Any, Any, None], silence: Hush) -> None:
    """Run a handler that is silent until it asks for a message, or ends."""
    hush.current.set(silence)
    try:
        await handler
    finally:
        silence.lift()


class Tracked:
    """Mixed into uvicorn's protocol classes: keeps what a fresh protocol needs to take over; an `origin.Origin`."""

    registry: Registry
    opening = b""
    tail: FrameTail
    window: Window | None = None
    carried_window = b""
    spoke = True
    """The app has sent since it last asked for a message."""
    spoke_at = 0.0
    """When it did so first (``time.monotonic()``)."""
    taken = 0
    """How often the app has asked for a message."""
    pieces: Pieces[tuple[str, str | bytes]] | None = None
    """What the app has taken of a message that comes in several."""
    again = 0
    """How many messages are waiting that were taken in its first life already."""
    hush: Hush | None = None
    """Set while a handler that was entered again has not asked for a message yet."""
    coroutine: Any = None
    began = 0.0
    agreed = ""
    """The subprotocol that was accepted."""
    connection: Connection | None = None
    carried: ConnectionRecord | None = None
    unsettled: Shells | None = None
    """Set while the handler may append its connection anew to lists that hold it already."""
    opening_event: asyncio.Event | None = None
    if TYPE_CHECKING:
        transport: Any
        queue: asyncio.Queue[Any]
        handshake_complete: bool
        close_sent: bool
        read_paused: bool
        disconnected: bool
        scope: Any
        conn: Any
        loop: asyncio.AbstractEventLoop
        logger: Any

    def data_received(self, data: bytes) -> None:
        if self.opening:
            self.tail.feed(data)
        else:
            self.opening = bytes(data)
            self.tail = FrameTail()
        super().data_received(data)  # type: ignore[misc]

    def handle_connect(self, event: Any) -> None:
        """Name the connection in the scope: `hotswap.memory` and `hotswap.resumed` find it there."""
        super().handle_connect(event)  # type: ignore[misc]
        if self.connection is None:
            self.connection = self.registry.find(self.transport)
        scope = getattr(self, "scope", None)
        if scope is not None and self.connection is not None:
            facts = {"connection": self.connection.id, "resumed": self.connection.resumed}
            scope["extensions"]["hotswap"] = facts
            if self.connection.resumed:
                scope["extensions"]["hotswap.resumed"] = {}

    def run_asgi(self) -> Coroutine[Any, Any, None]:
        self.began = time.monotonic()
        origin.current.set(self)
        coroutine: Coroutine[Any, Any, None] = super().run_asgi()  # type: ignore[misc]
        if self.hush is not None:
            coroutine = _run_hushed(coroutine, self.hush)
        self.coroutine = coroutine
        return coroutine

    def over(self) -> bool:
        return self.disconnected or self.transport.is_closing()

    def asked(self) -> str:
        return f"WebSocket {self.scope['path']}"

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        if not self.spoke:
            self.spoke = True
            self.spoke_at = time.monotonic()
        if self.unsettled is not None:
            self.unsettled.settle()
        kind = message["type"]
        if kind == "websocket.send":
            if hush.silent and hush.hushed():
                return _swallowed()
            if self.pieces is not None:
                self.pieces.answered()
        if kind == "websocket.accept":
            return self._accept(message)
        sending: Coroutine[Any, Any, None] = super().send(message)  # type: ignore[misc]
        return sending

    async def _accept(self, message: Any) -> None:
        """Accept, then note the inflate window: only now it is known what was negotiated."""
        if self.carried is not None:
            self.logger = _Quiet(self.logger)
        self.agreed = message.get("subprotocol") or ""
        await super().send(message)  # type: ignore[misc]
        if self.carried is None and self.handshake_complete:
            self.follow_window(b"")
            connection, keeping = self.connection, self.registry.keeping
            if keeping is not None and connection is not None and connection.peer is not None:
                keeping.deposit(connection, self.opening)
        self.carried = None

    def receive(self) -> Coroutine[Any, Any, Any]:
        self.spoke = False
        self.taken += 1
        if self.unsettled is not None and self.handshake_complete:
            self.unsettled.settle()
            self.unsettled = None
        if self.handshake_complete:
            if self.again:
                self.again -= 1
            elif self.hush is not None:
                self.hush.lift()
                self.hush = None
        if self.pieces is None:
            self.pieces = Pieces()
            self.pieces.task = asyncio.current_task()
        self.pieces.ask()
        return self._noted(self.pieces, super().receive())  # type: ignore[misc]

    async def _noted(
        self, pieces: Pieces[tuple[str, str | bytes]], receiving: Coroutine[Any, Any, Any]
    ) -> Any:
        message = await receiving
        if message["type"] == "websocket.receive":
            pieces.took(_payload(message))
        return message

    async def opened(self) -> None:
        """Wait until a replayed handshake is accepted or refused."""
        if self.carried is not None and not self.handshake_complete:
            if self.opening_event is None:
                self.opening_event = asyncio.Event()
            await self.opening_event.wait()

    def follow_window(self, carried: bytes) -> None:
        """Keep the inflate window from here on, and prime the inflater with a carried one."""
        raise NotImplementedError

    @property
    def waiting(self) -> bool:
        """The app waits for a message, and there is none."""
        getters = self.queue._getters  # type: ignore[attr-defined]
        return self.queue.empty() and any(not getter.done() for getter in getters)


class _Quiet:
    """A logger without information lines: the replayed handshake is not news."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def info(self, *_: object, **__: object) -> None:
        """Say nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)


class WebSockets(Kind):
    """The kind of `Tracked` protocols."""

    carries = frozenset({"websocket"})

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def serves(self, protocol: object) -> bool:
        return isinstance(protocol, Tracked)

    def name(self, protocol: Any) -> str:  # noqa: ARG002
        return "websocket"

    def prepare(self, connection: Connection, protocol: Tracked) -> None:
        protocol.connection = connection

    def handler(self, protocol: Tracked) -> Any:
        return protocol.coroutine

    def busy(self, connection: Connection, protocol: Tracked) -> Busy | None:  # noqa: ARG002
        if not protocol.handshake_complete:
            return Busy(protocol)
        if protocol.waiting or protocol.taken <= 1:
            return None  # taken 1 is the connect event: nothing of the client's is being worked on
        if protocol.spoke and (protocol.close_sent or not may_be_replying(protocol.spoke_at)):
            return None
        return Busy((id(protocol), protocol.taken))

    def gate(self, connection: Connection, protocol: Tracked) -> Callable[[], None]:
        was_paused = protocol.read_paused
        protocol.read_paused = False  # or the app's next receive() would begin to read again
        connection.transport.pause_reading()

        def undo() -> None:
            if was_paused and not protocol.queue.empty():
                protocol.read_paused = True
            elif connection.live:
                connection.transport.resume_reading()

        return undo

    def carry(self, connection: Connection, protocol: Tracked) -> ConnectionRecord | str:
        if protocol.close_sent or protocol.disconnected:
            return "WebSocket that was closing"
        if not protocol.handshake_complete:
            # Not accepted yet: the whole request is said again, the answer is still to come.
            return self._registry.basics(connection, "fresh", raw=protocol.opening)
        held = session(protocol.coroutine, protocol.agreed)
        if held:
            return f"{held}, which its client begins anew"
        queue = []
        for message in _peek(protocol.queue):
            if message["type"] == "websocket.disconnect":
                return "WebSocket that was closing"
            if message["type"] == "websocket.receive":
                queue.append(_payload(message))
        again = []
        waits = protocol.waiting or protocol.again
        if waits and protocol.pieces is not None and not connection.remembers:
            again = protocol.pieces.unanswered
        return self._registry.basics(
            connection,
            "websocket",
            opening=protocol.opening,
            raw=bytes(protocol.tail.pending),
            queue=(*again, *queue),
            again=len(again) + protocol.again,
            window=protocol.window.boundary if protocol.window is not None else b"",
            hushed=protocol.waiting
            or protocol.hush is not None
            or (bool(queue) and not protocol.spoke),
        )

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        opener = factory()
        protocol = opener.config.ws_protocol_class(
            config=opener.config, server_state=opener.server_state, app_state=opener.app_state
        )
        transport = connection.transport
        if not isinstance(protocol, Tracked):
            transport.write(close_frame(1012, "service restart"))
            transport.close()
            return
        connection.resumed += 1
        self._registry.arrivals.restart()
        protocol.connection = connection
        protocol.carried = record
        protocol.hush = Hush() if record.hushed else None
        protocol.again = record.again
        if connection.shells is not None and connection.shells.in_lists:
            protocol.unsettled = connection.shells
        mute = Mute(transport, lambda data: self._heard(connection, protocol, record, data))
        transport.set_protocol(
            Gathering(protocol)
        )  # what arrives before `_go_on` comes after what was carried
        protocol.connection_made(mute)  # type: ignore[attr-defined]
        protocol.data_received(record.opening)
        for kind, payload in record.queue:
            protocol.queue.put_nowait({"type": "websocket.receive", kind: payload})

    def _heard(
        self, connection: Connection, protocol: Tracked, record: ConnectionRecord, data: bytes
    ) -> None:
        """Take the answer to the replayed handshake."""
        transport = connection.transport
        if protocol.transport is transport:
            return
        protocol.transport = transport
        if protocol.opening_event is not None:
            protocol.opening_event.set()
        if not data.startswith(b"HTTP/1.1 101"):
            transport.write(close_frame(REFUSED, "refused after a reload"))
            transport.close()
            return
        protocol.follow_window(record.window)
        asyncio.get_running_loop().call_soon(self._go_on, connection, protocol, record)

    def _go_on(self, connection: Connection, protocol: Tracked, record: ConnectionRecord) -> None:
        if not connection.live:
            return
        gathering = connection.transport.get_protocol()
        connection.transport.set_protocol(protocol)
        if record.queue and not protocol.queue.empty():
            protocol.read_paused = True
        arrived = record.raw + bytes(gathering.early)
        if arrived:
            protocol.data_received(arrived)
        if not protocol.read_paused and not self._registry.gated:
            connection.transport.resume_reading()

    def detach(self, connection: Connection, protocol: Any) -> None:
        protocol.logger = Silent()
        protocol.stop_keepalive()
        protocol.transport = Hole(connection.transport)
        getattr(protocol, "connections", set()).discard(protocol)

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        if protocol.handshake_complete and not protocol.close_sent:
            connection.transport.write(close_frame(code, "service restart"))
            protocol.close_sent = True
            protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        connection.transport.close()


class Silent:
    """The logger of a protocol whose handler is being cancelled: its end is no news."""

    level = 100

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _payload(message: Any) -> tuple[str, str | bytes]:
    text = message.get("text")
    return ("bytes", message["bytes"]) if text is None else ("text", text)


def _peek(queue: asyncio.Queue[Any]) -> list[Any]:
    """Give what is in `queue`, leaving it there."""
    return list(queue._queue)  # type: ignore[attr-defined]


def sansio(registry: Registry) -> type:
    """Give uvicorn's websockets protocol, tracked."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    class TrackedSansIO(Tracked, WebSocketsSansIOProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            connection = self.connection or self.registry.find(transport)
            if connection is not None and connection.peer is not None:
                # An inflate window would be lost with a killed process.
                for factory in self.conn.available_extensions:
                    factory.client_no_context_takeover = True

        def follow_window(self, carried: bytes) -> None:
            self.window = follow_extensions(self.conn.extensions, carried)

    TrackedSansIO.registry = registry
    return TrackedSansIO


def follow_extensions(extensions: Iterable[Any], carried: bytes) -> Window | None:
    """Keep the inflate window of permessage-deflate, where it was negotiated with context takeover.

    Args:
        extensions: Of the websockets library, in use on one connection.
        carried: The last image's window, to prime the inflater with.
    """
    for extension in extensions:
        if getattr(extension, "remote_no_context_takeover", True):
            continue
        bits = extension.remote_max_window_bits
        if carried:
            extension.decoder = zlib.decompressobj(wbits=-bits, zdict=carried)
        window = Window(bits, carried)
        extension.decode = _followed(extension, window)
        return window
    return None


def _followed(extension: Any, window: Window) -> Callable[..., Any]:
    """Wrap an extension's ``decode`` so that `window` sees the plaintext of compressed frames."""
    decode = extension.decode

    def follow(frame: Any, *, max_size: int | None = None) -> Any:
        compressed = frame.rsv1 or (frame.opcode == 0 and extension.decode_cont_data)
        plain = decode(frame, max_size=max_size)
        if compressed:
            window.take(plain.data, final=frame.fin)
        return plain

    return follow

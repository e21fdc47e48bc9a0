"""The keeper: a process of its own that terminates TLS, so that connections outlive execve, and kill -9, of the server.

It listens on the server's sockets, and gives each connection to the server as one end of a socket pair; it keeps a copy
of that end. A server that starts anew says which connections it still holds, and is given the rest. The keeper imports
no user code, has a session of its own (Ctrl+C does not reach it), and leaves when its server has been gone for a while.

``python -m hotswap.handover.keeper CONTROL_FD GRACE``: standard library only. Messages are described in
`hotswap.wire.keeping`, which is the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import sys
from typing import TYPE_CHECKING, Any

from hotswap.wire.messages import Messages

if TYPE_CHECKING:
    from collections.abc import Callable


class Side(asyncio.Protocol):
    """One side of a connection: what it receives, its other side sends; the slower one sets the pace."""

    def __init__(self) -> None:
        self.other: Side | None = None
        self.transport: Any = None
        self.early: list[bytes] = []
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        if self.other is not None:
            for data in self.other.early:  # in order, before anything newer
                self.transport.write(data)
            self.other.early.clear()
            if self.other.ended:
                self.finish()

    def data_received(self, data: bytes) -> None:
        other = self.other
        if other is None or other.transport is None:
            self.early.append(data)
        else:
            other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        other = self.other
        if other is not None and other.transport is not None and not other.transport.is_closing():
            other.transport.resume_reading()

    def finish(self) -> None:
        """Send no more: the other side has ended."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    def eof_received(self) -> bool:
        self.ended = True
        if self.other is not None:
            self.other.finish()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.ended = True
        other = self.other
        if other is not None and other.transport is not None:
            other.transport.close()


class Outer(Side):
    """The client's side, decrypted."""

    def __init__(self, keeper: Keeper, key: str) -> None:
        super().__init__()
        self._keeper = keeper
        self.key = key
        self.id = keeper.next_id()
        self.opening = ""
        self.waiting = False
        """The client has spoken last."""
        self.far: socket.socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.far.setblocking(False)
        inner = Inner(self)
        self.other = inner
        inner.other = self
        asyncio.get_running_loop().create_task(self._plug(near, inner))

    async def _plug(self, near: socket.socket, inner: Side) -> None:
        await asyncio.get_running_loop().create_connection(lambda: inner, sock=near)
        self._keeper.enter(self)

    def data_received(self, data: bytes) -> None:
        self.waiting = True
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.far is not None:
            self.far.close()
        self._keeper.forget(self)

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "key": self.key,
            "peer": self.transport.get_extra_info("peername"),
            "here": self.transport.get_extra_info("sockname"),
            "opening": self.opening,
        }


class Inner(Side):
    """The server's side."""

    def __init__(self, outer: Outer) -> None:
        super().__init__()
        self._outer = outer

    def data_received(self, data: bytes) -> None:
        self._outer.waiting = False
        super().data_received(data)

    def eof_received(self) -> bool:
        """The server has closed: what it wrote is sent, then the client's side closes."""
        self._outer.transport.close()
        return True


class Keeper:
    """All connections of one server, and the way to whoever serves them now."""

    def __init__(self, control: socket.socket, grace: float) -> None:
        self._control = control
        self._grace = grace
        self._server: Messages | None = None
        self._connections: dict[int, Outer] = {}
        self._given: set[int] = set()
        self._listeners: dict[str, list[tuple[socket.socket, Any]]] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._last_id = 0
        self._gone: asyncio.TimerHandle | None = None
        self._over = asyncio.Event()

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def run(self) -> None:
        """Serve until the server says farewell, or has been gone for `grace` seconds."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._control.fileno(), self._accept)
        self._leave_later()
        await self._over.wait()

    def _leave_later(self) -> None:
        self._gone = asyncio.get_running_loop().call_later(self._grace, self._over.set)

    def _accept(self) -> None:
        """Let the new server's connection take the place of the old one's."""
        link, _ = self._control.accept()
        if not _same_user(link):
            link.close()
            return
        if self._server is not None:
            self._server.close()
        if self._gone is not None:
            self._gone.cancel()
        self._given.clear()
        self._server = Messages(link, self._told, self._lost_server)

    def _lost_server(self) -> None:
        self._server = None
        self._leave_later()

    def _told(self, message: dict[str, Any], fd: int | None) -> None:
        handlers: dict[str, Callable[[dict[str, Any], int | None], None]] = {
            "listen": self._listen,
            "have": self._have,
            "deposit": self._deposit,
            "farewell": self._farewell,
        }
        handlers[message["say"]](message, fd)

    def _farewell(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        for outer in list(self._connections.values()):
            outer.transport.close()
        self._over.set()

    def _deposit(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        outer = self._connections.get(message["id"])
        if outer is not None:
            outer.opening = message["opening"]

    def _listen(self, message: dict[str, Any], fd: int | None) -> None:
        """Serve a listener, renew its certificates, or give one back that is served already."""
        key = message["key"]
        try:
            self._contexts[key] = self._renewed(key, message["tls"])
        except (OSError, ValueError) as error:
            self._answer({"say": "listening", "key": key, "fault": str(error)})
            return
        if fd is not None:
            listening = socket.socket(fileno=fd)
            listening.setblocking(False)
            asyncio.get_running_loop().create_task(self._serve(key, listening))
            return
        held = self._listeners.get(key, ())
        for listening, _ in held:
            self._answer({"say": "listener", "key": key}, listening.fileno())
        self._answer({"say": "listening", "key": key, "fault": ""})

    def _renewed(self, key: str, settings: dict[str, Any]) -> ssl.SSLContext:
        """Make a context, or load new certificates into the one that is used."""
        context = self._contexts.get(key) or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["certfile"], settings["keyfile"], settings["password"])
        for authority in settings["authorities"]:
            context.load_verify_locations(**authority)
        context.verify_mode = ssl.VerifyMode(settings["verify"])
        if settings["alpn"]:
            context.set_alpn_protocols(settings["alpn"])
        if settings["ciphers"]:
            context.set_ciphers(settings["ciphers"])
        return context

    async def _serve(self, key: str, listening: socket.socket) -> None:
        fault = ""
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: Outer(self, key), sock=listening.dup(), ssl=self._contexts[key]
            )
            self._listeners.setdefault(key, []).append((listening, server))
        except (OSError, ValueError) as error:
            fault = str(error)
        self._answer({"say": "listening", "key": key, "fault": fault})

    def _have(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        """Give the server what it does not hold; close what a crash left half answered."""
        key, have = message["key"], set(message["ids"])
        for outer in list(self._connections.values()):
            if outer.key != key:
                continue
            if outer.id in have:
                self._given.add(outer.id)
            elif message["crashed"] and outer.waiting and not outer.opening:
                outer.transport.close()  # a request that nobody will answer
            else:
                self.enter(outer, ready=True)
        self._ready(key)

    def _ready(self, key: str) -> None:
        self._keys = getattr(self, "_keys", set()) | {key}

    def enter(self, outer: Outer, *, ready: bool = False) -> None:
        """Give a connection to the server, once it has said what it holds."""
        self._connections[outer.id] = outer
        known = ready or outer.key in getattr(self, "_keys", set())
        if (
            self._server is not None
            and known
            and outer.id not in self._given
            and outer.far is not None
        ):
            self._given.add(outer.id)
            self._answer({"say": "connection", **outer.facts()}, outer.far.fileno())

    def forget(self, outer: Outer) -> None:
        self._connections.pop(outer.id, None)
        self._given.discard(outer.id)

    def _answer(self, message: dict[str, Any], fd: int | None = None) -> None:
        if self._server is not None:
            self._server.send(message, fd)


def _same_user(link: socket.socket) -> bool:
    """Say whether the other end belongs to our user; the socket's mode says so as well."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    import struct

    facts = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", facts)
    return bool(uid == os.getuid())


def main() -> None:
    """Run the keeper on the control socket whose number is given."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(False)
    control.listen(4)  # whoever connects is told by the system that it talks to this process
    path = control.getsockname()
    keeper = Keeper(control, float(sys.argv[2]))
    try:
        asyncio.run(_run(keeper))
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


async def _run(keeper: Keeper) -> None:
    await keeper.run()
    await asyncio.sleep(0.05)  # closing connections get their close_notify out


if __name__ == "__main__":
    main()

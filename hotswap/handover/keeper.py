"""The keeper: a process of its own that terminates TLS, so that connections outlive execve, and kill -9, of the server.

It listens on the server's sockets, and gives each connection to the server as one end of a socket pair; it keeps a copy
of that end. A server that starts anew says which connections it still holds, and is given the rest. The keeper imports
no user code, has a session of its own (Ctrl+C does not reach it), and leaves when its server has been gone for a while.

``python -m hotswap.handover.keeper CONTROL_FD GRACE``: standard library only. Messages are described in
`hotswap.wire.keeping`, which is the other side.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import functools
import os
import socket
import ssl
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from hotswap.handover.relay import Relay
from hotswap.handover.turning import Turning
from hotswap.wire.messages import Messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.handover.turning import Timer

ACCEPTED = 64
"""Clients accepted at a time: those that are served already wait meanwhile."""

BACKLOG = 4096
"""Clients that may wait to be accepted; the system has a limit of its own."""

RETRY = 1.0
"""Seconds without accepting when descriptors have run out; asyncio's own."""

LAST = 5.0
"""Seconds for connections to end after the server's farewell."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Kept:
    """A TLS connection whose handshake is done: what the server is told of it, and the relay that serves it."""

    __slots__ = ("given", "key", "opening", "relay", "tells")

    def __init__(self, key: str, relay: Relay, tells: dict[str, Any]) -> None:
        self.key = key
        self.relay = relay
        self.tells = tells
        """What the server cannot ask of its own end."""
        self.opening = ""
        """A WebSocket's opening request: after a crash the server needs no more."""
        self.given = False
        """The server that is there has it."""


class Keeper:
    """All connections of one server, and the way to whoever serves them now.

    Args:
        control: The socket on which servers connect, listening.
        grace: Seconds that a server which has gone is waited for.
    """

    def __init__(self, control: socket.socket, grace: float) -> None:
        self._control = control
        self._grace = grace
        self._turning = Turning()
        self._server: Messages | None = None
        self._kept: dict[int, Kept] = {}
        self._ready: set[str] = set()
        """Listeners whose server has said what it holds."""
        self._listeners: dict[str, list[socket.socket]] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._last_id = 0
        self._leaving = False
        self._gone: Timer | None = None

    def run(self) -> None:
        """Serve until the server says farewell, or has been gone for `grace` seconds."""
        self._turning.add_reader(self._control.fileno(), self._meet)
        self._leave_later()
        self._turning.run()

    def _leave_later(self) -> None:
        self._gone = self._turning.call_later(self._grace, self._turning.stop)

    # The server.

    def _meet(self) -> None:
        """Let the new server's connection take the place of the old one's."""
        try:
            link, _ = self._control.accept()
        except OSError:  # it has gone again
            return
        if not _same_user(link):
            link.close()
            return
        if self._server is not None:
            self._server.close()
        if self._gone is not None:
            self._gone.cancel()
        self._ready.clear()
        for kept in self._kept.values():
            kept.given = False
        self._server = Messages(self._turning, link, self._told, self._lost_server)

    def _lost_server(self) -> None:
        self._server = None
        if not self._leaving:
            self._leave_later()

    def _told(self, message: dict[str, Any], fd: int | None) -> None:
        handlers: dict[str, Callable[[dict[str, Any], int | None], None]] = {
            "listen": self._listen,
            "have": self._have,
            "deposit": self._deposit,
            "ended": self._ended,
            "shut": self._shut,
            "farewell": self._farewell,
        }
        try:
            handlers[message["say"]](message, fd)
        except Exception:  # noqa: BLE001 -- one message not understood is not the end of the others
            traceback.print_exc()

    def _answer(self, message: dict[str, Any], fd: int | None = None) -> None:
        if self._server is not None:
            self._server.send(message, fd)

    def _listen(self, message: dict[str, Any], fd: int | None) -> None:
        """Serve a listener, renew its certificates, or give one back that is served already."""
        key, fault = message["key"], ""
        try:
            self._contexts[key] = _context(message["tls"])
        except (OSError, ValueError) as error:
            fault = str(error)
        if fd is not None:
            listening = socket.socket(fileno=fd)
            if fault:
                listening.close()
            else:
                listening.setblocking(False)
                listening.listen(BACKLOG)
                self._listeners.setdefault(key, []).append(listening)
                self._open(key, listening)
        elif not fault:
            for listening in self._listeners.get(key, ()):
                self._answer({"say": "listener", "key": key}, listening.fileno())
        self._answer({"say": "listening", "key": key, "fault": fault})

    def _have(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        """Give the server what it does not hold; close what a crash left half answered."""
        key, have = message["key"], set(message["ids"])
        self._ready.add(key)
        for kept in [each for each in self._kept.values() if each.key == key]:
            if kept.tells["id"] in have:
                kept.given = True
            elif message["crashed"] and kept.relay.half_read and not kept.opening:
                kept.relay.abort()  # a request that nobody will answer
            else:
                self._give(kept)

    def _deposit(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        kept = self._kept.get(message["id"])
        if kept is not None:
            kept.opening = message["opening"]

    def _ended(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        """The server has closed a connection: with our copy of its end gone as well, the relay sees that."""
        kept = self._kept.get(message["id"])
        if kept is not None:
            kept.relay.release()

    def _shut(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        self._close(message["key"])

    def _farewell(self, message: dict[str, Any], fd: int | None) -> None:  # noqa: ARG002
        """The server ends for good: what it said is still sent; whoever starts next starts a keeper of its own."""
        self._leaving = True
        self.hide()
        for key in list(self._listeners):
            self._close(key)
        for kept in list(self._kept.values()):
            kept.relay.release()
        self._turning.call_later(LAST, self._turning.stop)
        self._leave_when_done()

    def _leave_when_done(self) -> None:
        if self._leaving and not self._kept:
            self._turning.stop()

    def hide(self) -> None:
        """Take no server any more."""
        if self._control.fileno() >= 0:
            self._turning.remove_reader(self._control.fileno())
            path = self._control.getsockname()
            self._control.close()
            with contextlib.suppress(OSError):
                os.unlink(path)

    # Clients.

    def _open(self, key: str, listening: socket.socket) -> None:
        """Accept what comes to a listener."""
        if listening.fileno() >= 0:
            self._turning.add_reader(listening.fileno(), lambda: self._accept(key, listening))

    def _close(self, key: str) -> None:
        """Accept no more; those that were accepted stay."""
        for listening in self._listeners.pop(key, ()):
            self._turning.remove_reader(listening.fileno())
            listening.close()

    def _accept(self, key: str, listening: socket.socket) -> None:
        for _ in range(ACCEPTED):
            try:
                client, address = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._turning.remove_reader(listening.fileno())
                    self._turning.call_later(RETRY, lambda: self._open(key, listening))
                    return
                continue  # that client has gone again
            client.setblocking(False)
            if client.family != socket.AF_UNIX:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._last_id += 1
            identity = self._last_id
            Relay(
                self._turning,
                client,
                self._contexts[key],
                opened=functools.partial(self._enter, identity, key, address),
                over=functools.partial(self._forget, identity),
            )

    def _enter(self, identity: int, key: str, address: Any, relay: Relay) -> None:
        """Know a connection from the end of its handshake on: later a closed one may tell no more."""
        tls = relay.tls
        der = tls.getpeercert(binary_form=True)
        agreed = {
            "alpn": tls.selected_alpn_protocol(),
            "version": tls.version(),
            "cipher": tls.cipher(),
            "compression": tls.compression(),
            "certificate": tls.getpeercert(),
            "der": base64.b64encode(der).decode() if der else None,
        }
        here = relay.client.getsockname()
        tells = {"id": identity, "key": key, "peer": address, "here": here, "tls": agreed}
        kept = self._kept[identity] = Kept(key, relay, tells)
        if key in self._ready:
            self._give(kept)

    def _give(self, kept: Kept) -> None:
        """Give a connection to the server; it gets each once."""
        if self._server is not None and not kept.given and kept.relay.far is not None:
            kept.given = True
            message = {"say": "connection", "opening": kept.opening, **kept.tells}
            self._answer(message, kept.relay.far.fileno())

    def _forget(self, identity: int) -> None:
        self._kept.pop(identity, None)
        self._leave_when_done()


def _context(settings: dict[str, Any]) -> ssl.SSLContext:
    """Make a context as the server's own is; each time anew, so that what was taken back is gone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for certificate in settings["certificates"]:
        context.load_cert_chain(**certificate)
    for authority in settings["authorities"]:
        if "der" in authority:
            authority["cadata"] = base64.b64decode(authority.pop("der"))
        context.load_verify_locations(**authority)
    for name, arguments in settings["calls"]:
        getattr(context, name)(*arguments)
    context.verify_mode = ssl.VerifyMode(settings["verify_mode"])
    context.verify_flags = ssl.VerifyFlags(settings["verify_flags"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old versions of TLS are the program's own choice
        context.minimum_version = ssl.TLSVersion(settings["minimum_version"])
        context.maximum_version = ssl.TLSVersion(settings["maximum_version"])
        context.options = ssl.Options(settings["options"] | ssl.OP_NO_RENEGOTIATION)
    return context


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
    keeper = Keeper(control, float(sys.argv[2]))
    try:
        keeper.run()
    finally:
        keeper.hide()


if __name__ == "__main__":
    main()

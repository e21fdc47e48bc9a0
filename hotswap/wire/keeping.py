"""The server's side of the TLS keeper: starting it, finding it again, taking connections from it.

The keeper listens at a 0600 Unix socket in a 0700 directory, under a name made of working directory and command: the
next image finds it there, and so does the same command started again after a crash.

Messages to the keeper: ``listen`` (key, TLS settings, with a listening socket, or asking for those it holds), ``have``
(ids of this key that survived, whether the last server crashed), ``deposit`` (a WebSocket's opening request), ``ended``
(the server has closed a connection), ``shut`` (it listens there no more), ``farewell``. From it: ``listener`` (with a
socket), ``listening`` (a fault, or none), ``connection`` (with a socket).
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

from hotswap import rundir, undebugged
from hotswap.wire.lines import Gathering
from hotswap.wire.messages import Messages
from hotswap.wire.peers import Peer, Shared
from hotswap.wire.records import ConnectionRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.wire.connection import Connection
    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")

_settings: weakref.WeakKeyDictionary[ssl.SSLContext, dict[str, Any]] = weakref.WeakKeyDictionary()

_REPEATED = ("set_alpn_protocols", "set_ciphers", "set_ecdh_curve", "set_default_verify_paths")
"""Calls that are made again, in their order, on the keeper's context."""

_READ = ("verify_mode", "verify_flags", "minimum_version", "maximum_version", "options")
"""Settings that a context tells itself."""

_OWN_CODE = ("set_psk_server_callback",)
"""Calls after which a handshake asks code of the program: no other process can make it."""


def remember_settings() -> None:
    """Note what contexts are made of from now on: a context cannot be sent to another process, its files can."""
    load, verify = ssl.SSLContext.load_cert_chain, ssl.SSLContext.load_verify_locations
    load_parameters = ssl.SSLContext.load_dh_params

    def load_cert_chain(
        self: ssl.SSLContext, certfile: Any, keyfile: Any = None, password: Any = None
    ) -> None:
        load(self, certfile, keyfile, password)
        secret = password() if callable(password) else password
        _of(self)["certificates"].append(
            {
                "certfile": _absolute(certfile),
                "keyfile": _absolute(keyfile) if keyfile is not None else None,
                "password": secret.decode() if isinstance(secret, (bytes, bytearray)) else secret,
            }
        )

    def load_verify_locations(
        self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        verify(self, cafile, capath, cadata)
        places = {"cafile": cafile, "capath": capath}
        given = {name: _absolute(path) for name, path in places.items() if path is not None}
        if isinstance(cadata, str):
            given["cadata"] = cadata
        elif cadata is not None:
            given["der"] = base64.b64encode(cadata).decode()
        _of(self)["authorities"].append(given)

    def load_dh_params(self: ssl.SSLContext, path: Any, /) -> None:
        load_parameters(self, path)
        _of(self)["calls"].append(("load_dh_params", (_absolute(path),)))

    for function in (load_cert_chain, load_verify_locations, load_dh_params):
        setattr(ssl.SSLContext, function.__name__, function)
    for name in _REPEATED:
        setattr(ssl.SSLContext, name, _noted(name))
    for name in _OWN_CODE:
        if hasattr(ssl.SSLContext, name):  # from 3.13 on
            setattr(ssl.SSLContext, name, _noted(name, own_code=True))


def _noted(name: str, *, own_code: bool = False) -> Callable[..., Any]:
    """Give the method of that name, which notes its calls."""
    method = getattr(ssl.SSLContext, name)

    @functools.wraps(method)
    def call(self: ssl.SSLContext, *arguments: Any) -> Any:
        if name == "set_alpn_protocols":
            arguments = ([*arguments[0]],)
        answer = method(self, *arguments)
        known = _of(self)
        if own_code:
            known["own_code"] = True
        else:
            known["calls"].append((name, arguments))
        return answer

    return call


def _of(context: ssl.SSLContext) -> dict[str, Any]:
    fresh = {"certificates": [], "authorities": [], "calls": [], "own_code": False}
    return _settings.setdefault(context, fresh)


def _absolute(path: Any) -> str:
    """Give a path that means the same in the keeper, which stands elsewhere."""
    return os.path.abspath(os.fsdecode(path))


class Keeping:
    """The link of this image to its keeper."""

    def __init__(self, registry: Registry, *, grace: float = 30.0) -> None:
        self._registry = registry
        self._grace = grace
        self._messages: Messages | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that the link belongs to."""
        self._factories: dict[str, Callable[[], Any]] = {}
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._listeners: dict[str, list[socket.socket]] = {}
        self._written = False
        self._carried: frozenset[int] = frozenset()
        self._ended_meanwhile: list[int] = []
        self._held: list[tuple[dict[str, Any], int]] = []
        self._receiving: set[asyncio.Task[None]] = set()
        remember_settings()

    def settings(self, context: ssl.SSLContext) -> dict[str, Any] | None:
        """Give what the keeper needs to make the same context; None where it cannot.

        That is where the files of the certificates are not known, or code of the program has a say in the handshake.
        """
        known = _settings.get(context)
        if known is None or not known["certificates"] or known["own_code"] or context.sni_callback:
            return None
        return {**known, **{name: int(getattr(context, name)) for name in _READ}}

    def serves(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Say whether listeners of `loop` can be the keeper's: one loop of a process has it, until that is closed."""
        if self._loop is not None and self._loop is not loop and self._loop.is_closed():
            self._loop = None
            if self._messages is not None:
                self._messages.abandon()
                self._messages = None
        return self._loop is None or self._loop is loop

    async def _link(self) -> Messages:
        """Connect to the keeper, started when there is none."""
        if self._messages is None:
            path = control_path()
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(path)
            except OSError:
                link.close()
                start_keeper(path, self._grace)
                link = socket.socket(socket.AF_UNIX)
                link.connect(path)
            self._loop = asyncio.get_running_loop()
            self._messages = Messages(self._loop, link, self._told, self._lost)
            self._end_in_peace()
        return self._messages

    def _end_in_peace(self) -> None:
        """Bid farewell before SIGTERM's default action: to the keeper it would look like a crash, and it would wait."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._terminated)

    def _terminated(self, number: int, _: object) -> None:
        self.farewell()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    def _lost(self) -> None:
        self._messages = None
        log.warning(
            "the TLS keeper has gone; new TLS connections are refused until the program restarts"
        )

    async def listen(
        self, key: str, listening: Iterable[socket.socket], settings: dict[str, Any]
    ) -> list[socket.socket]:
        """Let the keeper serve `listening`; with none, ask for the sockets of `key` that it serves already.

        Raises ssl.SSLError when the keeper cannot use the certificates.
        """
        messages = await self._link()
        given: list[int | None] = [each.fileno() for each in listening]
        for fd in given or [None]:
            answer = self._answers[key] = asyncio.get_running_loop().create_future()
            messages.send({"say": "listen", "key": key, "tls": settings}, fd)
            fault = await answer
            if fault:
                raise ssl.SSLError(fault)
        return self._listeners.pop(key, [])

    def take(self, key: str, factory: Callable[[], Any]) -> None:
        """Ask for connections of `key`: all that this image did not bring along."""
        self._factories[key] = factory
        ids = [
            each.peer.name
            for each, _, _ in self._registry.connections()
            if each.key == key and each.peer is not None
        ]
        if self._messages is not None:
            crashed = self._registry.manifest is None
            self._messages.send({"say": "have", "key": key, "ids": ids, "crashed": crashed})

    def shut(self, key: str) -> None:
        """The program listens at `key` no more."""
        if self._messages is not None and not self._written:
            self._messages.send({"say": "shut", "key": key})

    def deposit(self, connection: Connection, opening: bytes) -> None:
        """Leave a WebSocket's opening request with the keeper: after a crash it is all that is needed."""
        if self._messages is not None and connection.peer is not None:
            text = base64.b64encode(opening).decode()
            self._messages.send({"say": "deposit", "id": connection.peer.name, "opening": text})

    def farewell(self) -> None:
        """Let the keeper leave: the server ends for good."""
        if self._messages is not None:
            self._messages.send({"say": "farewell"})

    def _told(self, message: dict[str, Any], fd: int | None) -> None:
        key = message["key"]
        if message["say"] == "listening":
            answer = self._answers.get(key)
            if answer is not None and not answer.done():
                answer.set_result(message["fault"])
        elif fd is not None and message["say"] == "listener":
            self._listeners.setdefault(key, []).append(socket.socket(fileno=fd))
        elif fd is not None:
            self._held.append((message, fd))
            if not self._registry.gated:
                self.go_on()

    def shared(self, fd: int, name: int) -> Shared:
        """Make a descriptor that the keeper gave a socket whose end the keeper is told."""
        plug = Shared(fileno=fd)
        plug.ended = functools.partial(self._ended, name)
        return plug

    def _ended(self, name: int) -> None:
        """Let the keeper give up its copy: the connection is closed here."""
        if self._written and name in self._carried:
            self._ended_meanwhile.append(name)
        elif self._messages is not None:
            self._messages.send({"say": "ended", "id": name})

    def carry(self, names: Iterable[int]) -> None:
        """Everything is written down: that the program closes these connections, or listeners, says nothing now."""
        self._written = True
        self._carried = frozenset(names)

    def go_on(self) -> None:
        """Serve what came while everything stood still; after execve the keeper gives it once more instead."""
        self._written, self._carried = False, frozenset()
        ended, self._ended_meanwhile = self._ended_meanwhile, []
        for name in ended:
            self._ended(name)
        held, self._held = self._held, []
        for message, fd in held:
            task = asyncio.get_running_loop().create_task(self._receive(message, fd))
            self._receiving.add(task)
            task.add_done_callback(self._receiving.discard)

    async def _receive(self, message: dict[str, Any], fd: int) -> None:
        """Serve a connection that the keeper gives: a new one, or one that outlived a crash."""
        plug = self.shared(fd, message["id"])
        plug.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(Gathering, plug)
        opening = base64.b64decode(message["opening"])
        record = ConnectionRecord(
            fd=fd,
            id=self._registry.take_id(),
            kind="websocket" if opening else "fresh",
            key=message["key"],
            opening=opening,
            hushed=True,
            peer=Peer(
                _address(message["peer"]),
                _address(message["here"]),
                "https",
                message["id"],
                message["tls"],
            ),
        )
        self._registry.receive(transport, self._factories[message["key"]], record)


def _address(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def control_path() -> str:
    """Give the keeper's address for this command in this directory; make its directory."""
    name = hashlib.blake2b("\0".join((os.getcwd(), *sys.orig_argv)).encode(), digest_size=8)
    return os.path.join(rundir.directory(), f"keeper-{name.hexdigest()}")


_KEEPER = (
    "import ast, sys; sys.path[:] = ast.literal_eval(sys.argv.pop(1))\n"
    "from hotswap.handover.keeper import main; main()"
)


def start_keeper(path: str, grace: float) -> None:
    """Start a keeper that listens at `path` already when this returns."""
    if os.path.exists(path):
        os.unlink(path)
    control = socket.socket(socket.AF_UNIX)
    control.bind(path)
    os.chmod(path, 0o600)
    control.listen(4)
    with control:
        subprocess.Popen(  # noqa: S603 - our own interpreter and module
            undebugged.command(
                [
                    sys.executable,
                    "-c",
                    _KEEPER,
                    repr(sys.path),
                    str(control.fileno()),
                    str(grace),
                ]
            ),
            pass_fds=(control.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # who reads the server's must see that end with it
            start_new_session=True,
            cwd="/",
        )

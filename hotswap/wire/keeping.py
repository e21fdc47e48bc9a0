"""The server's side of the TLS keeper: starting it, finding it again, taking connections from it.

The keeper listens at a 0600 Unix socket in a 0700 directory, under a name made of working directory and command: the
next image finds it there, and so does the same command started again after a crash.

Messages to the keeper: ``listen`` (key, TLS settings, with a listening socket, or asking for those it holds), ``have``
(ids of this key that survived, whether the last server crashed), ``deposit`` (a WebSocket's opening request),
``farewell``. From it: ``listener`` (with a socket), ``listening`` (a fault, or none), ``connection`` (with a socket).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import os
import socket
import ssl
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING, Any

from hotswap import rundir
from hotswap.wire.lines import Gathering
from hotswap.wire.messages import Messages
from hotswap.wire.records import ConnectionRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.wire.connection import Connection
    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")

_settings: weakref.WeakKeyDictionary[ssl.SSLContext, dict[str, Any]] = weakref.WeakKeyDictionary()


def remember_settings() -> None:
    """Note what contexts are made of from now on: a context cannot be sent to another process, its files can."""
    load, verify = ssl.SSLContext.load_cert_chain, ssl.SSLContext.load_verify_locations
    alpn, ciphers = ssl.SSLContext.set_alpn_protocols, ssl.SSLContext.set_ciphers

    def load_cert_chain(
        self: ssl.SSLContext, certfile: Any, keyfile: Any = None, password: Any = None
    ) -> None:
        load(self, certfile, keyfile, password)
        secret = password() if callable(password) else password
        _of(self).update(
            certfile=os.path.abspath(os.fsdecode(certfile)),
            keyfile=os.path.abspath(os.fsdecode(keyfile)) if keyfile is not None else None,
            password=secret.decode() if isinstance(secret, (bytes, bytearray)) else secret,
        )

    def load_verify_locations(
        self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        verify(self, cafile, capath, cadata)
        given = {"cafile": cafile, "capath": capath, "cadata": cadata}
        _of(self)["authorities"].append(
            {
                name: os.fsdecode(value) if name != "cadata" else value
                for name, value in given.items()
                if value is not None and not isinstance(value, (bytes, bytearray))
            }
        )

    def set_alpn_protocols(self: ssl.SSLContext, alpn_protocols: Iterable[str]) -> None:
        names = list(alpn_protocols)
        alpn(self, names)
        _of(self)["alpn"] = names

    def set_ciphers(self: ssl.SSLContext, cipherlist: str) -> None:
        ciphers(self, cipherlist)
        _of(self)["ciphers"] = cipherlist

    for function in (load_cert_chain, load_verify_locations, set_alpn_protocols, set_ciphers):
        setattr(ssl.SSLContext, function.__name__, function)


def _of(context: ssl.SSLContext) -> dict[str, Any]:
    return _settings.setdefault(
        context, {"certfile": "", "authorities": [], "alpn": [], "ciphers": "", "password": None}
    )


class Keeping:
    """The link of this image to its keeper."""

    def __init__(self, registry: Registry, *, grace: float = 30.0) -> None:
        self._registry = registry
        self._grace = grace
        self._messages: Messages | None = None
        self._factories: dict[str, Callable[[], Any]] = {}
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._listeners: dict[str, list[socket.socket]] = {}
        remember_settings()

    def settings(self, context: ssl.SSLContext) -> dict[str, Any] | None:
        """Give what the keeper needs to make the same context; None when its certificate's file is not known."""
        known = _settings.get(context)
        if known is None or not known["certfile"]:
            return None
        return {**known, "verify": int(context.verify_mode)}

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
            self._messages = Messages(link, self._told, self._lost)
        return self._messages

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
            each.peer[3]
            for each, _, _ in self._registry.connections()
            if each.key == key and each.peer
        ]
        if self._messages is not None:
            crashed = self._registry.manifest is None
            self._messages.send({"say": "have", "key": key, "ids": ids, "crashed": crashed})

    def deposit(self, connection: Connection, opening: bytes) -> None:
        """Leave a WebSocket's opening request with the keeper: after a crash it is all that is needed."""
        if self._messages is not None:
            text = base64.b64encode(opening).decode()
            self._messages.send({"say": "deposit", "id": connection.peer[3], "opening": text})

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
            asyncio.get_running_loop().create_task(self._receive(message, fd))

    async def _receive(self, message: dict[str, Any], fd: int) -> None:
        """Serve a connection that the keeper gives: a new one, or one that outlived a crash."""
        plug = socket.socket(fileno=fd)
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
            peer=(_address(message["peer"]), _address(message["here"]), "https", message["id"]),
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
            [
                sys.executable,
                "-c",
                _KEEPER,
                repr(sys.path),
                str(control.fileno()),
                str(grace),
            ],
            pass_fds=(control.fileno(),),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

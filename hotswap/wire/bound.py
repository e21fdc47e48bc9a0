"""Sockets that a program binds itself: it gets the inherited one of the same address; bind would say EADDRINUSE.

``dup2`` puts the inherited socket under the new one's number. What is bound is remembered by the address as it was
asked for, so that the next image finds it: a thread may accept on it, or ``create_server(sock=...)``. Datagram sockets
are bound so as well: asyncio's ``create_datagram_endpoint`` does it in Python, uvloop's is given one (`datagrams`).
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hotswap.wire.registry import Registry

DATAGRAM: Final = "datagram socket"
"""The word for one in counts and reports."""


def follow_bound(registry: Registry) -> None:
    """Let `socket.socket.bind` ask `registry` for what was inherited."""
    bind = socket.socket.bind

    def bound(self: socket.socket, address: Any) -> None:
        kind = _kind(self)
        if not kind or not isinstance(address, (tuple, str, bytes)):
            bind(self, address)
            return
        parts = tuple(address[:2]) if isinstance(address, tuple) else (os.fsdecode(address),)
        key = ":".join((kind, *map(str, parts)))
        inherited = registry.arrivals.inherited(key)
        if inherited:
            _take_over(self, inherited[0])
            for each in inherited:
                each.close()
            registry.arrivals.claim(_word(self), len(inherited))
        else:
            try:
                bind(self, address)
            except OSError as error:
                held = error.errno == errno.EADDRINUSE and registry.arrivals.held(self, parts)
                if not held:
                    raise
                # it only asks whether the port is free, as Gradio does before its server asks for it
                with held:
                    _take_over(self, held)
        if self.family in (socket.AF_INET, socket.AF_INET6) and parts[1]:
            registry.bound[key_of(self)] = key

    socket.socket.bind = bound  # type: ignore[method-assign, assignment]


def key_of(bound: Any) -> str:
    """Give the key of a socket by the address it has: of a listening one, that of ``create_server(sock=...)``."""
    name = bound.getsockname()
    parts = name[:2] if isinstance(name, tuple) else (os.fsdecode(name),)
    return ":".join((_kind(bound), *map(str, parts)))


def _kind(plug: Any) -> str:
    """Give what keys of such sockets begin with; empty for those that are not followed."""
    if plug.type == socket.SOCK_STREAM:
        return "sock"
    if plug.type != socket.SOCK_DGRAM:
        return ""
    return {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}.get(plug.family, "")


def _word(plug: socket.socket) -> str:
    return "listener" if plug.type == socket.SOCK_STREAM else DATAGRAM


def _take_over(new: socket.socket, inherited: socket.socket) -> None:
    """Put the inherited socket under the number of the new one, which may have been told more before it was bound."""
    shouts = new.type == socket.SOCK_DGRAM and new.getsockopt(
        socket.SOL_SOCKET, socket.SO_BROADCAST
    )
    os.dup2(inherited.fileno(), new.fileno(), inheritable=False)
    new.settimeout(new.gettimeout())  # the mode is the socket's, not the object's
    if new.type == socket.SOCK_DGRAM:
        new.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, shouts)
        _let_join_again()


_joining = socket.socket.setsockopt


def _let_join_again() -> None:
    """An inherited socket is in its multicast groups already: joining one again is no error (ip(7))."""

    def setsockopt(self: socket.socket, *args: Any) -> None:
        try:
            _joining(self, *args)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or self.type != socket.SOCK_DGRAM:
                raise

    socket.socket.setsockopt = setsockopt  # type: ignore[method-assign, assignment]

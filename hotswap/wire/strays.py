"""Sockets that no event loop accepts on: listeners of threaded servers, and connections the program itself has opened.

A listener is carried, so that clients queue rather than being refused: whoever binds its address in the next image
gets it; a bound datagram socket too, of a loop's endpoint or a thread. Connections end with the image, and are named.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from hotswap import rundir
from hotswap.wire.bound import DATAGRAM, key_of
from hotswap.wire.descriptors import numbers
from hotswap.wire.records import ListenerRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hotswap.wire.registry import Registry


_FOLLOWED = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


class Inode(NamedTuple):
    """Tells sockets apart: several descriptors may lead to one."""

    device: int
    number: int


def inode(fd: int) -> Inode | None:
    """Give the socket behind a descriptor; None when it is none."""
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return Inode(found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def known(registry: Registry) -> set[Inode]:
    """Give the sockets that loops serve."""
    served = [listening.fileno() for _, listening in registry.listeners()]
    for connection, _, _ in registry.connections():
        plug = connection.transport.get_extra_info("socket")
        if plug is not None:
            served.append(plug.fileno())
    return {each for each in map(inode, served) if each is not None}


_INTERNET = (socket.AF_INET, socket.AF_INET6)


def _others(served: set[Inode], families: Collection[int] = _INTERNET) -> Iterator[socket.socket]:
    """Give a copy of each stream and datagram socket of this process that is not among `served`, to be closed."""
    seen = set(served)
    for number in numbers():
        found = inode(number)
        if found is None or found in seen:
            continue
        seen.add(found)
        try:
            plug = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        if plug.family in families and plug.type in _FOLLOWED:
            yield plug
        else:
            plug.close()


def listeners(registry: Registry, served: set[Inode]) -> list[ListenerRecord]:
    """Give copies of the sockets that a thread of the program accepts or receives on, by the address it has bound.

    One on any free port is left out: whoever asks for any port again gets another one. `served` is told of the others.
    """
    found = []
    for plug in _others(served):
        with plug:
            waits = plug.type == socket.SOCK_DGRAM or _listens(plug)
            key = registry.bound.get(key_of(plug)) if waits else None
            if key is not None:
                found.append(ListenerRecord(os.dup(plug.fileno()), key))
    served.update(filter(None, (inode(record.fd) for record in found)))
    return found


def ending(served: set[Inode]) -> list[str]:
    """Name the connections that end with this image, a line for each address."""
    ports: set[int] = set()
    pairs: list[tuple[Any, Any]] = []
    datagrams: Counter[str] = Counter()
    for plug in _others(set()):
        with plug:
            here = plug.getsockname()
            if _listens(plug):
                ports.add(here[1])
            elif inode(plug.fileno()) in served:
                continue
            elif plug.type == socket.SOCK_STREAM:
                with contextlib.suppress(OSError):  # not connected, or not any more
                    pairs.append((here, plug.getpeername()))
            elif here[1]:
                datagrams[_where(plug)] += 1
    for plug in _others(set(), (socket.AF_UNIX,)):
        with plug:
            path = os.fsdecode(plug.getsockname())
            ours = path.startswith(rundir.place() + os.sep)  # where neighbours report
            if plug.type == socket.SOCK_DGRAM and path and not ours:
                datagrams[f"bound to {path.replace(chr(0), '@', 1)}"] += 1
    accepted = Counter(here[1] for here, _ in pairs if here[1] in ports)
    opened = Counter(f"{there[0]}:{there[1]}" for here, there in pairs if here[1] not in ports)
    found = [
        *((n, "connection", f"of a server without an event loop, port {port}") for port, n in accepted.items()),
        *((n, "connection", f"that the program had opened to {there}") for there, n in opened.items()),
        *((n, DATAGRAM, where) for where, n in datagrams.items()),
    ]  # fmt: skip
    return [f"{number} {what}{'s' * (number > 1)} {where}" for number, what, where in found]


def _where(plug: socket.socket) -> str:
    """Say what a datagram socket is for."""
    try:
        there = plug.getpeername()
    except OSError:
        return f"on any free port ({plug.getsockname()[1]})"
    return f"that the program had opened to {there[0]}:{there[1]}"


def _listens(plug: socket.socket) -> bool:
    try:
        return bool(plug.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False

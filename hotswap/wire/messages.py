"""JSON messages over a Unix stream socket, each with at most one descriptor.

``SOCK_SEQPACKET`` is missing on macOS, so messages are length-prefixed. Descriptors arrive with the first bytes of
their message (``SCM_RIGHTS``), in order.
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Loop(Protocol):
    """What is asked of a loop here: asyncio's and the keeper's own have it."""

    def add_reader(self, fd: int, step: Callable[[], object], /) -> object:
        """Call `step` whenever `fd` has something to read."""

    def remove_reader(self, fd: int, /) -> object:
        """Call nobody any more when `fd` has something to read."""

    def add_writer(self, fd: int, step: Callable[[], object], /) -> object:
        """Call `step` whenever `fd` takes something."""

    def remove_writer(self, fd: int, /) -> object:
        """Call nobody any more when `fd` takes something."""


class Messages:
    """One end: sends at once or as soon as the other end reads, calls `told` for each message."""

    def __init__(
        self,
        loop: Loop,
        link: socket.socket,
        told: Callable[[dict[str, Any], int | None], None],
        lost: Callable[[], None],
    ) -> None:
        link.setblocking(False)
        self._link = link
        self._told = told
        self._lost = lost
        self._loop = loop
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()
        self._outgoing: deque[tuple[bytes, int | None]] = deque()
        self._full = False
        """The link takes no more just now."""
        self._loop.add_reader(link.fileno(), self._read)

    def send(self, message: dict[str, Any], fd: int | None = None) -> None:
        """Send a message, with a copy of descriptor `fd`."""
        data = json.dumps({**message, "with": fd is not None}).encode()
        copy = os.dup(fd) if fd is not None else None
        self._outgoing.append((len(data).to_bytes(4, "little") + data, copy))
        if len(self._outgoing) == 1:
            self._write()

    def _write(self) -> None:
        while self._outgoing:
            data, fd = self._outgoing[0]
            rights = [] if fd is None else [_rights(fd)]
            try:
                sent = self._link.sendmsg([data], rights)
            except BlockingIOError:
                self._full = True
                self._loop.add_writer(self._link.fileno(), self._write)
                return
            except OSError:
                self.close()
                self._lost()
                return
            if fd is not None:
                os.close(fd)
            if sent < len(data):
                self._outgoing[0] = (data[sent:], None)
            else:
                self._outgoing.popleft()
        if self._full:
            self._full = False
            self._loop.remove_writer(self._link.fileno())

    def _read(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._link, 65536, 64)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        self._descriptors.extend(fds)
        if not data:
            self.close()
            self._lost()
            return
        self._buffer += data
        while len(self._buffer) >= 4:
            size = int.from_bytes(self._buffer[:4], "little")
            if len(self._buffer) < 4 + size:
                return
            message = json.loads(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            self._told(message, self._descriptors.popleft() if message["with"] else None)

    def close(self) -> None:
        """Say and hear no more."""
        if self._link.fileno() >= 0:
            self._loop.remove_reader(self._link.fileno())
            self._loop.remove_writer(self._link.fileno())
        self.abandon()

    def abandon(self) -> None:
        """Close this end, whose loop is closed already."""
        self._link.close()
        for _, fd in self._outgoing:
            if fd is not None:
                os.close(fd)
        self._outgoing.clear()


def _rights(fd: int) -> tuple[int, int, bytes]:
    return (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())

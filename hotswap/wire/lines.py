"""Transports: what stands between a socket and the protocol that serves it.

On asyncio that is asyncio's own transport. uvloop gives no access to what the socket has not taken yet
(3.9 of 8.4 MB were lost in the spike), so there a `Line` keeps the last bytes written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from hotswap.wire.peers import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.wire.peers import Peer

_LINGER = 65536
"""A write of more than this is not kept alive by an idle connection: its tail is dropped by a timer."""


class Line(asyncio.Transport):
    """A transport that knows what the socket has not taken; the real one does all the work."""

    __slots__ = ("__weakref__", "_tail", "_tail_size", "_timer", "peer", "real")

    def __init__(self, real: Any) -> None:
        super().__init__()
        self.real = real
        self.peer: Peer | None = None
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def over(cls, transport: Any, peer: Peer | None = None) -> Any:
        """Give a transport whose unsent bytes can be had: `transport` itself where it tells.

        Args:
            transport: A loop's own.
            peer: What `transport` cannot tell itself, behind the keeper.
        """
        if isinstance(transport, cls):
            return transport
        if peer is None and (
            hasattr(transport, "_buffer") or transport.get_extra_info("sslcontext")
        ):
            return transport
        line = cls(transport)
        line.peer = peer
        return line

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.real.write(data)
        self._keep(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        chunks = list(list_of_data)
        self.real.writelines(chunks)
        for chunk in chunks:
            self._keep(chunk)

    def _keep(self, data: bytes | bytearray | memoryview[Any]) -> None:
        pending = self.real.get_write_buffer_size()
        tail = self._tail
        if not pending:
            if tail:
                tail.clear()
                self._tail_size = 0
            return
        tail.append(data if isinstance(data, bytes) else bytes(data))
        size = self._tail_size + len(data)
        while size - len(tail[0]) >= pending:
            size -= len(tail.popleft())
        self._tail_size = size
        if size > _LINGER and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(0.5, self._trim)

    def _trim(self) -> None:
        self._timer = None
        pending = self.real.get_write_buffer_size()
        while self._tail and self._tail_size - len(self._tail[0]) >= pending:
            self._tail_size -= len(self._tail.popleft())
        if self._tail_size > _LINGER and not self.real.is_closing():
            self._timer = asyncio.get_running_loop().call_later(0.5, self._trim)

    def unsent(self) -> bytes:
        """Give the bytes written but not yet taken by the socket."""
        pending = self.real.get_write_buffer_size()
        return b"".join(self._tail)[-pending:] if pending else b""

    def write_eof(self) -> None:
        if self.peer is not None:
            raise NotImplementedError("half-closing is not possible over TLS")
        self.real.write_eof()

    def can_write_eof(self) -> bool:
        """Over TLS nobody can, as on asyncio's own transports: the keeper takes it for the end."""
        return self.peer is None and bool(self.real.can_write_eof())

    def abort(self) -> None:
        self.real.abort()

    def close(self) -> None:
        self.real.close()

    def is_closing(self) -> bool:
        return bool(self.real.is_closing())

    def pause_reading(self) -> None:
        self.real.pause_reading()

    def resume_reading(self) -> None:
        self.real.resume_reading()

    def is_reading(self) -> bool:
        return bool(self.real.is_reading())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if self.peer is not None and name in FACTS:
            return self.peer.fact(name, self.real)
        return self.real.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return int(self.real.get_write_buffer_size())

    def get_write_buffer_limits(self) -> tuple[int, int]:
        limits: tuple[int, int] = self.real.get_write_buffer_limits()
        return limits

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.real.set_write_buffer_limits(high, low)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.real.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self.real.get_protocol()
        return protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Mute(asyncio.Transport):
    """Stands for a transport while a handshake is replayed: what is written is shown to `heard`, and not sent."""

    def __init__(self, real: Any, heard: Any) -> None:
        super().__init__()
        self.real = real
        self._heard = heard
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self._heard(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        self._heard(b"".join(list_of_data))

    def pause_reading(self) -> None:
        """Do nothing: reading begins when the handshake is done."""

    def resume_reading(self) -> None:
        """Do nothing: reading begins when the handshake is done."""

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._heard(b"")
            self.real.close()

    def abort(self) -> None:
        self._closing = True
        self.real.abort()

    def is_closing(self) -> bool:
        return self._closing or bool(self.real.is_closing())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.real.get_extra_info(name, default)

    def write_eof(self) -> None:
        """Say nothing."""

    def can_write_eof(self) -> bool:
        return True

    def is_reading(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.real.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return int(self.real.get_write_buffer_size())

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.real.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self.real.get_protocol()
        return protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Hole(asyncio.Transport):
    """Swallows everything: the transport of a protocol whose connection has moved on."""

    def __init__(self, real: Any) -> None:
        super().__init__()
        self._socket = real.get_extra_info("socket")
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Swallow."""

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Swallow."""

    def write_eof(self) -> None:
        """Swallow."""

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self._closed = True

    def abort(self) -> None:
        self._closed = True

    def is_closing(self) -> bool:
        return self._closed

    def pause_reading(self) -> None:
        """Nothing arrives here."""

    def resume_reading(self) -> None:
        """Nothing arrives here."""

    def is_reading(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket if name == "socket" else default

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Swallow."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Nobody is served here."""


class Gathering(asyncio.Protocol):
    """The first protocol of a connection nobody serves yet: pauses, and gathers what arrives all the same.

    uvloop reads once before it honours a pause in ``connection_made``; asyncio does not.
    """

    def __init__(self, heir: Any = None) -> None:
        self.early = bytearray()
        self.eof = False
        self.heir = heir
        """The protocol that will serve the connection, where it is known already."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.pause_reading()  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.early += data

    def eof_received(self) -> bool:
        self.eof = True
        return True

    def pause_writing(self) -> None:
        if self.heir is not None:
            self.heir.pause_writing()

    def resume_writing(self) -> None:
        if self.heir is not None:
            self.heir.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.heir is not None:
            self.heir.connection_lost(exc)

    def hand_over(self, transport: Any) -> None:
        """Give what was gathered to the protocol that now serves `transport`, and read on."""
        protocol = transport.get_protocol()
        if self.early:
            protocol.data_received(bytes(self.early))
        if self.eof and not protocol.eof_received():
            transport.close()
        else:
            transport.resume_reading()


def unsent_of(transport: Any) -> bytes:
    """Give the bytes that `transport` has taken from the program and not given to the socket."""
    if isinstance(transport, Line):
        return transport.unsent()
    buffer = transport._buffer  # a bytearray until 3.11, a deque of buffers from 3.12
    return bytes(buffer) if isinstance(buffer, (bytes, bytearray)) else b"".join(buffer)

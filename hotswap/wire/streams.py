"""Streams of ``asyncio.start_server``.

A stream is its reader's buffer; the handler starts again from the top, and what it says before it first waits was
said in its first life.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush
from hotswap.wire.hush import Hush
from hotswap.wire.kinds import Busy, Kind, may_be_replying
from hotswap.wire.lines import Hole
from hotswap.wire.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.objects import Shells
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry


log = logging.getLogger("hotswap")


class _Reading:
    """Bookkeeping of one stream: how much the handler has consumed, and when it last wrote.

    Args:
        again: Bytes at the beginning that a handler which begins anew is given once more.
    """

    __slots__ = (
        "again",
        "coroutine",
        "detached",
        "fed",
        "heard",
        "pieces",
        "reader",
        "reads",
        "spoke_at",
        "spoke_when",
        "writer",
    )

    def __init__(self, reader: Any, writer: Any, again: int) -> None:
        self.reader = reader
        self.writer = writer
        self.again = again
        self.reads = False
        """A read of the handler's is under way: what that reads in its turn is a part of it."""
        self.pieces: Pieces[bytes] = Pieces()
        self.heard: Callable[[], None] | None = None
        """Called once, when the handler reads what it did not read in its first life."""
        self.fed = len(reader._buffer)
        self.spoke_at = 0
        """How much was consumed when the handler last wrote."""
        self.spoke_when = 0.0
        """``time.monotonic()`` of its first write since it consumed so much."""
        self.coroutine: Any = None
        self.detached = False

    @property
    def consumed(self) -> int:
        return self.fed - len(self.reader._buffer)

    def speak(self) -> None:
        """Note that the handler writes."""
        consumed = self.consumed
        if consumed != self.spoke_at:
            self.spoke_at = consumed
            self.spoke_when = time.monotonic()

    def read(self, read: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Note where the handler reads, and what it is given."""
        if self.reads:
            return read(*args, **options)
        if self.heard is not None and self.consumed >= self.again:
            heard, self.heard = self.heard, None
            heard()
        self.pieces.ask()
        return self._noted(read(*args, **options))

    async def _noted(self, reading: Any) -> Any:
        self.reads = True
        try:
            data = await reading
        except Exception:  # it has read, but who knows what
            self.pieces.answered()
            raise
        finally:
            self.reads = False
        self.pieces.took(data)
        return data


class Streams(Kind):
    """The kind of ``StreamReaderProtocol``."""

    carries = frozenset({"stream"})

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def serves(self, protocol: object) -> bool:
        return isinstance(protocol, asyncio.StreamReaderProtocol)

    def name(self, protocol: Any) -> str:  # noqa: ARG002
        return "stream"

    def prepare(self, connection: Connection, protocol: Any) -> None:  # noqa: ARG002
        """Follow what the handler reads and writes, from the moment it is called."""
        begin: Any = getattr(protocol, "_client_connected_cb", None)
        if begin is None:
            return

        def call(reader: Any, writer: Any) -> Any:
            reading = self._follow(protocol, reader, writer)
            handler = begin(reader, writer)
            if asyncio.iscoroutine(handler):
                handler = reading.coroutine = _run(handler, reading)
            return handler

        protocol._client_connected_cb = call

    def _follow(self, protocol: Any, reader: Any, writer: Any, again: int = 0) -> _Reading:
        """Note reads and writes by the reader's and writer's own methods."""
        reading = _Reading(reader, writer, again)
        protocol.hotswap_reading = reading
        feed, write, writelines = reader.feed_data, writer.write, writer.writelines

        def feed_data(data: bytes) -> None:
            reading.fed += len(data)
            feed(data)

        def note_write(data: Any) -> None:
            reading.speak()
            if not (hush.silent and hush.hushed()):
                reading.pieces.answered()
                write(data)

        def note_writelines(data: Any) -> None:
            reading.speak()
            if not (hush.silent and hush.hushed()):
                reading.pieces.answered()
                writelines(data)

        for name in _READS:
            setattr(reader, name, functools.partial(reading.read, getattr(reader, name)))
        reader.feed_data = feed_data
        writer.write = note_write
        writer.writelines = note_writelines
        return reading

    def handler(self, protocol: Any) -> Any:
        reading = getattr(protocol, "hotswap_reading", None)
        return reading.coroutine if reading is not None else None

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:  # noqa: ARG002
        reading: _Reading | None = getattr(protocol, "hotswap_reading", None)
        if reading is None or reading.reader._waiter is not None:
            return None
        consumed = reading.consumed
        working = consumed > reading.spoke_at or may_be_replying(reading.spoke_when)
        return Busy((id(protocol), consumed)) if consumed and working else None

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:
        reader = protocol._stream_reader
        was_paused = reader is not None and reader._paused
        if was_paused:
            reader._paused = False  # or the handler's next read would begin to receive again
        connection.transport.pause_reading()

        def undo() -> None:
            if was_paused and len(reader._buffer) > reader._limit:
                reader._paused = True
            elif connection.live:
                connection.transport.resume_reading()

        return undo

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:
        reader = protocol._stream_reader
        if reader is None:
            return "stream whose reader is gone"
        waiting = reader._waiter is not None
        reading: _Reading | None = getattr(protocol, "hotswap_reading", None)
        again = b""
        if waiting and reading is not None and not connection.remembers:
            again = b"".join(reading.pieces.unanswered)
        return self._registry.basics(
            connection,
            "stream",
            raw=again + bytes(reader._buffer),
            again=len(again),
            hushed=waiting,
            eof=reader._eof,
        )

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        protocol = factory()
        transport = connection.transport
        connection.resumed += 1
        self._registry.arrivals.restart()
        if not isinstance(protocol, asyncio.StreamReaderProtocol):
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            if record.raw:
                protocol.data_received(record.raw)
            transport.resume_reading()
            return
        begin: Any = protocol._client_connected_cb  # type: ignore[attr-defined]

        def call(reader: Any, writer: Any) -> Any:
            if connection.shells is not None:
                reader, writer = connection.shells.streams(protocol, reader, writer)
            reading = self._follow(protocol, reader, writer, record.again)
            handler = begin(reader, writer)
            if asyncio.iscoroutine(handler):
                if record.hushed or connection.shells is not None:
                    handler = _run_hushed(handler, reading, connection.shells, silent=record.hushed)
                handler = reading.coroutine = _run(handler, reading)
            return handler

        protocol._client_connected_cb = call  # type: ignore[attr-defined]
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if record.raw:
            protocol.data_received(record.raw)
        if record.eof:
            protocol.eof_received()
        elif not self._registry.gated:
            transport.resume_reading()

    def detach(self, connection: Connection, protocol: Any) -> None:
        hole = Hole(connection.transport)
        reading = getattr(protocol, "hotswap_reading", None)
        protocol._transport = hole
        if reading is not None:
            reading.detached = True
            reading.writer._transport = hole
            reading.reader._transport = hole

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:  # noqa: ARG002
        connection.transport.close()


async def _run(handler: Any, reading: _Reading) -> None:
    """Run a stream's handler; when the connection has moved on, its end is nobody's business.

    asyncio would close the transport of a handler that was cancelled: the very one that another handler serves now.
    """
    reading.pieces.task = asyncio.current_task()
    try:
        await handler
    except (Exception, asyncio.CancelledError) as error:
        if not reading.detached:
            raise
        log.debug("the handler that was replaced ended with %r", error)


_READS = ("read", "readline", "readuntil", "readexactly")


async def _run_hushed(
    handler: Any, reading: _Reading, shells: Shells | None, *, silent: bool
) -> None:
    """Run a stream's handler that is silent until it reads something new, or ends."""
    silence = Hush()
    if silent:
        hush.current.set(silence)
    else:
        silence.lift()

    def heard() -> None:
        silence.lift()
        if shells is not None:
            shells.settle()

    reading.heard = heard
    try:
        await handler
    finally:
        silence.lift()

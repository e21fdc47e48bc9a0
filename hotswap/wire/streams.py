"""Streams of ``asyncio.start_server``.

A stream is its reader's buffer; the handler starts again from the top, and what it says before it first waits was
said in its first life.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush
from hotswap.wire.hush import Hush
from hotswap.wire.kinds import Busy, Kind, may_be_replying
from hotswap.wire.lines import Hole

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.objects import Shells
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry


log = logging.getLogger("hotswap")


class _Reading:
    """Bookkeeping of one stream: how much the handler has consumed, and when it last wrote."""

    __slots__ = ("coroutine", "detached", "fed", "reader", "spoke_at", "spoke_when", "writer")

    def __init__(self, reader: Any, writer: Any) -> None:
        self.reader = reader
        self.writer = writer
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

    def _follow(self, protocol: Any, reader: Any, writer: Any) -> _Reading:
        """Note reads and writes by the reader's and writer's own methods."""
        reading = _Reading(reader, writer)
        protocol.hotswap_reading = reading
        feed, write, writelines = reader.feed_data, writer.write, writer.writelines

        def feed_data(data: bytes) -> None:
            reading.fed += len(data)
            feed(data)

        def note_write(data: Any) -> None:
            reading.speak()
            if not (hush.silent and hush.hushed()):
                write(data)

        def note_writelines(data: Any) -> None:
            reading.speak()
            if not (hush.silent and hush.hushed()):
                writelines(data)

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
        return self._registry.basics(
            connection,
            "stream",
            raw=bytes(reader._buffer),
            hushed=reader._waiter is not None,
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
            reading = self._follow(protocol, reader, writer)
            handler = begin(reader, writer)
            if asyncio.iscoroutine(handler):
                if record.hushed or connection.shells is not None:
                    handler = _run_hushed(handler, reader, connection.shells, silent=record.hushed)
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
    try:
        await handler
    except (Exception, asyncio.CancelledError) as error:
        if not reading.detached:
            raise
        log.debug("the handler that was replaced ended with %r", error)


_READS = ("read", "readline", "readuntil", "readexactly")


async def _run_hushed(handler: Any, reader: Any, shells: Shells | None, *, silent: bool) -> None:
    """Run a stream's handler that is silent until it reads, or ends."""
    silence = Hush()
    if silent:
        hush.current.set(silence)
    else:
        silence.lift()

    def heard_from(name: str) -> None:
        read = getattr(reader, name)

        def first(*args: Any, **options: Any) -> Any:
            for each in _READS:
                reader.__dict__.pop(each, None)
            silence.lift()
            if shells is not None:
                shells.settle()
            return read(*args, **options)

        reader.__dict__[name] = first

    for name in _READS:
        heard_from(name)
    try:
        await handler
    finally:
        silence.lift()

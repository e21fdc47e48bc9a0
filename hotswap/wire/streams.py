"""Connections of the app's own: ``asyncio.start_server`` streams, and protocols of ``loop.create_server``.

A stream is its reader's buffer; the handler starts again from the top, and what it says before it first waits was
said in its first life. A protocol is its picklable attributes (exec.md section 3).
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush
from hotswap.wire.hush import Hush
from hotswap.wire.kinds import Busy, Kind, may_be_replying
from hotswap.wire.lines import Hole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class Protocols(Kind):
    """Any other protocol: a half line in an attribute is carried with the attribute."""

    carries = frozenset({"protocol"})

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def serves(self, protocol: object) -> bool:  # noqa: ARG002
        return True

    def name(self, protocol: Any) -> str:  # noqa: ARG002
        return "protocol"

    def prepare(self, connection: Connection, protocol: Any) -> None:
        """Nothing to note."""

    def handler(self, protocol: Any) -> Any:  # noqa: ARG002
        return None

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:  # noqa: ARG002
        return None

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:  # noqa: ARG002
        transport = connection.transport
        reading = transport.is_reading()
        transport.pause_reading()

        def undo() -> None:
            if reading and connection.live:
                transport.resume_reading()

        return undo

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:
        held = connection.held
        if held is not None:
            return self._registry.basics(connection, "fresh", raw=bytes(held.early), eof=held.eof)
        module = type(protocol).__module__
        if module.startswith("uvicorn.") or _unknown(protocol):
            return f"connection served by {type(protocol).__qualname__}, which cannot be carried"
        save = getattr(protocol, "__hotswap_save__", None)
        names = save() if save is not None else self._own(connection, protocol)
        attributes = []
        for name, value in names.items():
            try:
                attributes.append((name, pickle.dumps(value, 5)))
            except Exception:  # noqa: BLE001, S112
                continue  # the fresh protocol makes its own: transports, loops, tasks, locks
        return self._registry.basics(connection, "protocol", attributes=tuple(attributes))

    def _own(self, connection: Connection, protocol: Any) -> dict[str, Any]:
        """Give the attributes that are this connection's alone.

        What others have as well (a hub, a dict of rooms) the fresh protocol gets as this one did: from its module or
        factory. A copy of it would cut the connection off from the others.
        """
        found = _attributes(protocol)
        if all(type(value) in _ATOMS for value in found.values()):
            return found
        shared = _given_to(connection.factory) | {
            id(value)
            for module in list(sys.modules.values())
            for value in list(getattr(module, "__dict__", {}).values())
        }
        for other, served, kind in self._registry.connections():
            if other is not connection and kind is self:
                shared.update(id(value) for value in _attributes(served).values())
        return {
            name: value
            for name, value in found.items()
            if type(value) in _ATOMS or id(value) not in shared
        }

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        protocol = factory()
        if connection.shells is not None:
            protocol = connection.shells.protocol(protocol)
        transport = connection.transport
        connection.resumed += 1
        transport.set_protocol(protocol)
        with _silence(type(transport)):
            protocol.connection_made(transport)
        restored = {name: pickle.loads(value) for name, value in record.attributes}
        load = getattr(protocol, "__hotswap_load__", None)
        if load is not None:
            load(restored)
        else:
            for name, value in restored.items():
                setattr(protocol, name, value)
        if record.raw:
            protocol.data_received(record.raw)
        if not self._registry.gated:
            transport.resume_reading()

    def detach(self, connection: Connection, protocol: Any) -> None:
        hole = Hole(connection.transport)
        for name, value in _attributes(protocol).items():
            if value is connection.transport:
                setattr(protocol, name, hole)

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:  # noqa: ARG002
        connection.transport.close()


@contextmanager
def _silence(transports: Any) -> Iterator[None]:
    """Let nothing be written for a moment: what ``connection_made`` says, to whomever, was said in the first life."""
    plain = {name: getattr(transports, name) for name in ("write", "writelines")}
    own = {name for name in plain if name in vars(transports)}
    for name in plain:
        setattr(transports, name, lambda *_: None)
    try:
        yield
    finally:
        for name, function in plain.items():
            if name in own:
                setattr(transports, name, function)
            else:
                delattr(transports, name)


class Secured(Protocols):
    """TLS that this process terminates itself: its keys are in OpenSSL's memory and cannot cross execve."""

    def name(self, protocol: Any) -> str:  # noqa: ARG002
        return "tls"

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:  # noqa: ARG002
        return "TLS connection: keep them with --tls-keeper"

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:
        for kind in self._registry.kinds:
            if kind.serves(protocol):
                return kind.gate(connection, protocol)
        return super().gate(connection, protocol)

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:
        return self._registry.kind_of(protocol).busy(connection, protocol)

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        self._registry.kind_of(protocol).refuse(connection, protocol, code)


def _unknown(protocol: Any) -> bool:
    """Say whether an installed library serves the connection in a way nobody here knows."""
    if hasattr(protocol, "__hotswap_save__"):
        return False
    module = sys.modules.get(type(protocol).__module__)
    return "site-packages" in (getattr(module, "__file__", "") or "")


_ATOMS = frozenset({bool, int, float, str, bytes, type(None)})
"""Types whose values are the same wherever they stand."""


def _given_to(factory: Any) -> set[int]:
    """Give the identities of what a protocol factory hands to the protocols it makes."""
    inner = getattr(factory, "func", factory)  # functools.partial
    cells = getattr(inner, "__closure__", None) or ()
    held = [cell.cell_contents for cell in cells if _is_full(cell)]
    held += getattr(factory, "args", ())
    held += (getattr(factory, "keywords", None) or {}).values()
    held += getattr(inner, "__defaults__", None) or ()
    held.append(getattr(inner, "__self__", None))
    return {id(value) for value in held}


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True


def _attributes(protocol: Any) -> dict[str, Any]:
    """Give the instance attributes of `protocol`, slots included."""
    found = dict(getattr(protocol, "__dict__", {}))
    for owner in type(protocol).__mro__:
        slots = owner.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(protocol, name):
                found[name] = getattr(protocol, name)
    return found

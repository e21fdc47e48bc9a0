"""Protocols of the app's own, of ``loop.create_server``: their picklable attributes are carried."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hotswap.wire import attributes
from hotswap.wire.kinds import Busy, Kind
from hotswap.wire.lines import Hole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry


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
        shared = self._registry.standstill.shared
        kept = attributes.pack(protocol, connection.factory, lambda: shared(self))
        return self._registry.basics(connection, "protocol", attributes=kept)

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
        attributes.unpack(protocol, record.attributes)
        if record.raw:
            protocol.data_received(record.raw)
        if not self._registry.gated:
            transport.resume_reading()

    def detach(self, connection: Connection, protocol: Any) -> None:
        hole = Hole(connection.transport)
        for name, value in attributes.of(protocol).items():
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

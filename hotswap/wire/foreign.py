"""Streams that an installed server library serves, hypercorn say: what it knows of a connection is in its own locals.

Called anew it would take the middle of a WebSocket for a request. So these are waited for while they answer, and then
closed: a WebSocket with 1012, which tells its client to come back.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from hotswap.wire.kinds import Busy, may_be_replying
from hotswap.wire.streams import Streams
from hotswap.wire.websockets import close_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord

HEAD = 8192
"""Bytes at the beginning of a connection that are looked at for a WebSocket's opening request."""


class Foreign(Streams):
    """The kind of ``StreamReaderProtocol`` whose handler is a library's."""

    carries = frozenset()

    def serves(self, protocol: object) -> bool:
        if not isinstance(protocol, asyncio.StreamReaderProtocol):
            return False
        if hasattr(protocol, "hotswap_library"):
            return True
        handler: Any = protocol._client_connected_cb  # type: ignore[attr-defined]
        return bool(_library(handler))

    def prepare(self, connection: Connection, protocol: Any) -> None:
        protocol.hotswap_library = _library(protocol._client_connected_cb)
        protocol.hotswap_head = b""
        super().prepare(connection, protocol)
        receive: Callable[[bytes], None] = protocol.data_received

        def data_received(data: bytes) -> None:
            if len(protocol.hotswap_head) < HEAD:
                protocol.hotswap_head += data[:HEAD]
            receive(data)

        protocol.data_received = data_received

    def name(self, protocol: Any) -> str:
        return "websocket" if _is_websocket(protocol) else "stream"

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:  # noqa: ARG002
        """Busy is who was told something and has not answered: that the library reads on says nothing."""
        reading = getattr(protocol, "hotswap_reading", None)
        if reading is None or not reading.consumed:
            return None
        working = reading.consumed > reading.spoke_at or may_be_replying(reading.spoke_when)
        return Busy((id(protocol), reading.consumed)) if working else None

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:  # noqa: ARG002
        what = "WebSocket" if _is_websocket(protocol) else "connection"
        return f"{what} served by {protocol.hotswap_library}, which cannot be carried"

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        if _is_websocket(protocol):
            connection.transport.write(close_frame(code, "service restart"))
        connection.transport.close()


def _is_websocket(protocol: Any) -> bool:
    return b"\nupgrade: websocket" in protocol.hotswap_head.lower()


def _library(handler: Any) -> str:
    """Name the installed library that a handler belongs to; empty when it is the program's own."""
    name = getattr(handler, "__module__", "") or ""
    package = name.partition(".")[0]
    if package == __name__.partition(".")[0]:
        return ""  # ours, around the program's own: installed as a wheel we lie among the libraries, too
    installed = "site-packages" in (getattr(sys.modules.get(name), "__file__", "") or "")
    return package if installed else ""

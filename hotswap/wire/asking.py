"""Requests that are asked again: what was received after the last answered one, and event streams that go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hotswap.wire.lines import Mute

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord
    from hotswap.wire.registry import Registry

LIMIT = 1 << 24
"""Bytes of one request that are kept for a replay; a bigger one is waited for instead."""

EVENT_ID = re.compile(rb"(?:\A|[\r\n])id:[ ]?([^\r\n\0]*)")


def after_answered(raw: bytes, count: int) -> bytes | None:
    """Give what follows the first `count` requests in `raw`; None when they end nowhere."""
    if count == 0:
        return raw
    import h11

    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT)
    connection.receive_data(raw)
    seen = 0
    while seen < count:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        if event is h11.NEED_DATA or event is h11.PAUSED:
            return None
        if isinstance(event, h11.EndOfMessage):
            seen += 1
            if seen < count:
                connection.send(h11.Response(status_code=204, headers=[]))
                connection.send(h11.EndOfMessage())
                connection.start_next_cycle()
    rest = connection.trailing_data[0]
    return bytes(rest)


def asking_again(request: bytes, last_event_id: str) -> bytes:
    """Give the request for an event stream, as a browser that was cut off after an event would send it."""
    if not last_event_id or b"\nlast-event-id:" in request.lower():
        return request
    head, line, rest = request.partition(b"\r\n")
    return head + line + b"Last-Event-ID: " + last_event_id.encode("latin-1") + line + rest


def ask_again(
    registry: Registry,
    connection: Connection,
    protocol: Any,
    record: ConnectionRecord,
    put_in: Callable[[], None],
) -> None:
    """Ask the app for an event stream again, with the last event's id; its head has been sent in the first life.

    Args:
        registry: Of all connections.
        connection: The one.
        protocol: A fresh one, which serves nobody yet.
        record: With the request, and the last event's id as its note.
        put_in: Lets `protocol` write to the connection itself; called when the head has come.
    """
    transport = connection.transport
    connection.resumed += 1
    registry.arrivals.restart()

    def heard(data: bytes) -> None:
        if protocol.transport is transport:
            return
        put_in()
        head, _, rest = data.partition(b"\r\n\r\n")
        head = head.lower()
        if not (head.startswith(b"http/1.1 200") and b"text/event-stream" in head):
            transport.close()  # a chunked body that ends without its last chunk: never a clean end
            return
        if rest:
            transport.write(rest)
        if not registry.gated:
            transport.resume_reading()

    protocol.connection_made(Mute(transport, heard))
    protocol.data_received(asking_again(record.opening, record.note))

"""WebSockets whose ends have agreed on more than the socket: such a session does not outlive the process image.

A handler that is entered again begins its protocol anew. Where that protocol begins with a handshake of its own, the
client, which has shaken hands, would wait for ever for answers of a session that the server does not know: seen with
python-socketio 5.18 and its own client, which stayed "connected" and deaf. Closed with 1012 the same clients come back
by themselves.
"""

from __future__ import annotations

from typing import Any, Final

LIBRARIES: Final = {"engineio": "Socket.IO session"}
"""By the top package of a frame that the handler stands in."""
SUBPROTOCOLS: Final = (
    ("graphql", "GraphQL session"),
    ("mqtt", "MQTT session"),
    ("wamp.", "WAMP session"),
    ("v10.stomp", "STOMP session"),
    ("v11.stomp", "STOMP session"),
    ("v12.stomp", "STOMP session"),
    ("actioncable", "Action Cable session"),
)
"""By the beginning of the agreed subprotocol. OCPP's is not here: a charger may go on in the middle."""


def session(handler: Any, subprotocol: str) -> str:
    """Name the session that a connection's handler holds, ``""`` when there is none.

    Args:
        handler: The coroutine that serves the connection.
        subprotocol: What ``websocket.accept`` agreed to.
    """
    agreed = subprotocol.lower()
    for beginning, name in SUBPROTOCOLS:
        if agreed.startswith(beginning):
            return name
    inner = handler
    while inner is not None:
        frame = getattr(inner, "cr_frame", None)
        if frame is not None:
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if package in LIBRARIES:
                return LIBRARIES[package]
        inner = getattr(inner, "cr_await", None)
    return ""

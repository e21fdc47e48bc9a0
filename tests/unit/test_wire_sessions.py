"""Which WebSockets hold a session that does not outlive the process image."""

from __future__ import annotations

import types
from typing import Any

import pytest

from hotswap.wire.sessions import session


def waiting(module: str) -> Any:
    """Give a coroutine that waits in a function of `module`."""
    space: dict[str, Any] = {"__name__": module}
    exec("async def inner(gate):\n    await gate\n", space)

    @types.coroutine
    def gate() -> Any:
        yield

    async def handler() -> None:
        await space["inner"](gate())

    made = handler()
    made.send(None)
    return made


@pytest.mark.parametrize(
    ("module", "subprotocol", "found"),
    [
        ("engineio.async_server", "", "Socket.IO session"),
        ("engineio", "", "Socket.IO session"),
        ("main", "", ""),
        ("engineiolike", "", ""),
        ("main", "graphql-transport-ws", "GraphQL session"),
        ("main", "graphql-ws", "GraphQL session"),
        ("main", "mqtt", "MQTT session"),
        ("main", "chat", ""),
    ],
)
def test_a_handshake_of_its_own_makes_a_session(module: str, subprotocol: str, found: str) -> None:
    handler = waiting(module)
    try:
        assert session(handler, subprotocol) == found
    finally:
        handler.close()


def test_nobody_serving_holds_no_session() -> None:
    assert session(None, "") == ""

"""The ASGI types and the few header operations that every file here needs (https://asgi.readthedocs.io)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

NO_STORE = ((b"cache-control", b"no-store"),)
LARGEST_BODY = 65_536
"""Bytes that a page may POST to us."""


def header(headers: Headers, name: bytes) -> bytes | None:
    """Give the first value of `name` (lower case), or None."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


def text_header(headers: Headers, name: bytes) -> str:
    """Give the first value of `name` as text, or ``""``."""
    return (header(headers, name) or b"").decode("latin-1")


def without(headers: Headers, *names: bytes) -> list[tuple[bytes, bytes]]:
    """Give `headers` without those named (lower case)."""
    return [(key, value) for key, value in headers if key.lower() not in names]


async def respond(
    send: Send, status: int, kind: str, body: bytes, more: Headers = NO_STORE
) -> None:
    """Send a whole response; ``nosniff`` because what we serve is never meant to be guessed at."""
    headers = [
        (b"content-type", kind.encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, value: object) -> None:
    """Send `value` as JSON with status 200."""
    await respond(send, 200, "application/json", json.dumps(value).encode())


async def read_body(receive: Receive) -> bytes | None:
    """Read a whole request body; None when it is longer than `LARGEST_BODY` or the client has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return body

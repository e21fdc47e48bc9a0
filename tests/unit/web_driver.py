"""Drives an ASGI app without a server: one request in, the messages out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hotswap.web.browser import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap.web.asgi import ASGIApp, Message, Receive, Scope, Send

NAVIGATION = {"sec-fetch-dest": "document", "accept": "text/html"}


@dataclass
class Answer:
    """What an app sent."""

    messages: list[Message] = field(default_factory=list)

    @property
    def start(self) -> Message:
        """The one response start."""
        (start,) = [m for m in self.messages if m["type"] == "http.response.start"]
        return start

    @property
    def status(self) -> int:
        """The status."""
        return int(self.start["status"])

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All headers, in order."""
        return list(self.start["headers"])

    def header(self, name: str) -> str | None:
        """Give the one value of a header; None when there is none."""
        values = [v.decode("latin-1") for k, v in self.headers if k.lower() == name.encode()]
        assert len(values) <= 1, f"{name}: {values}"
        return values[0] if values else None

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(
            m.get("body", b"") for m in self.messages if m["type"] == "http.response.body"
        )


def ask(
    app: ASGIApp,
    path: str = "/",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    *,
    method: str = "GET",
    query: str = "",
    body: bytes = b"",
    kind: str = "http",
    **scope: Any,
) -> Answer:
    """Send one request to `app`; `headers` are added to ``Host: 127.0.0.1``, unless they name a host."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    if not any(name == "host" for name, _ in pairs):
        pairs.insert(0, ("host", "127.0.0.1:8000"))
    full: Scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "subprotocols": [],
        **scope,
    }
    answer = Answer()
    incoming: list[Message] = (
        [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}]
        if kind == "websocket"
        else [
            {"type": "http.request", "body": body, "more_body": False},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Message:
        return incoming.pop(0) if len(incoming) > 1 else incoming[0]

    async def send(message: Message) -> None:
        answer.messages.append(message)

    asyncio.run(asyncio.wait_for(_run(app, full, receive, send), 10))
    return answer


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def respond(
    body: bytes | list[bytes],
    kind: str = "text/html; charset=utf-8",
    *,
    status: int = 200,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    length: bool = True,
) -> ASGIApp:
    """Make an app that answers everything with this; `requests` of it holds the scopes it saw."""
    chunks = [body] if isinstance(body, bytes) else body
    more = list(headers.items()) if isinstance(headers, dict) else list(headers or [])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        app.requests.append((scope, receive, send))  # type: ignore[attr-defined]
        pairs = [("content-type", kind), *more]
        if length:
            pairs.append(("content-length", str(sum(map(len, chunks)))))
        raw = [(name.encode(), value.encode("latin-1")) for name, value in pairs]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for number, chunk in enumerate(chunks):
            last = number == len(chunks) - 1
            await send({"type": "http.response.body", "body": chunk, "more_body": not last})

    app.requests = []  # type: ignore[attr-defined]
    return app


def browser(folder: Path, **options: Any) -> Browser:
    """Make a `Browser` whose token lies in `folder`."""
    asked: list[str] = []
    made = Browser(
        root=str(folder),
        token_dir=str(folder),
        ask_reload=options.pop("ask_reload", asked.append),
        **options,
    )
    static = folder / "static"
    static.mkdir(exist_ok=True)
    made.serves([("/static", str(static))], [str(folder / "templates")])
    return made

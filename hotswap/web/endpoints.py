"""What lies below ``/__hotswap__/``: client, channel, and what a page asks for while it follows a save."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from hotswap.web.asgi import (
    NO_STORE,
    read_body,
    respond,
    respond_json,
    text_header,
)
from hotswap.web.channel import REFUSED, TOKEN_PROTOCOL
from hotswap.web.client import client_source, static_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hotswap.web.access import Access
    from hotswap.web.asgi import Headers, Receive, Scope, Send
    from hotswap.web.channel import Channel
    from hotswap.web.pages import Pages
    from hotswap.web.status import Status

JAVASCRIPT = "text/javascript; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NAMES = frozenset({"", "client.js", "websocket.js", "ws", "events"}) | {
    "base",
    "script-diff",
    "script-boundaries",
    "state",
    "send",
    "reload",
    "action",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a page runs besides the script in question."""

    scripts: frozenset[str]
    """URL paths."""
    inline: tuple[str, ...] = ()
    """The module scripts that stand in the page itself."""
    maps: tuple[str, ...] = ()
    """The import maps that stand in it."""
    address: str = "/"
    """The page's own URL path."""
    classic: bool = False
    """Whether the script in question shares the page's one global scope."""


class Scripts(Protocol):
    """What the endpoints need of ``javascript.serving.Modules``."""

    def difference(self, path: str, running: str, page: Loaded) -> dict[str, Any]:
        """Say how a page comes to run the version on disk."""

    def boundaries(
        self, path: str, number: int, page: str, loaded: Loaded, runs: Mapping[str, int]
    ) -> dict[str, Any]:
        """Say who accepts that a module runs again."""


class Endpoints:
    """An ASGI app; ``scope["hotswap_path"]`` is what follows ``/__hotswap__/``."""

    def __init__(
        self,
        *,
        access: Access,
        channel: Channel,
        pages: Pages,
        status: Status,
        scripts: Callable[[], Scripts | None],
        ask_reload: Callable[[str], None],
        act: Callable[[str, str], Awaitable[str]],
    ) -> None:
        self._access = access
        self._channel = channel
        self._pages = pages
        self._status = status
        self._scripts = scripts
        self._ask_reload = ask_reload
        self._act = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name: str = scope["hotswap_path"]
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, name)
            return
        headers = scope["headers"]
        if not self._access.host(headers):
            await _refuse(
                send, "this Host is not allowed: add it to allowed_hosts in [tool.hotswap]"
            )
        elif name not in NAMES or name == "ws":
            await respond(send, 404, TEXT, b"hotswap has nothing here")
        elif scope["method"] in ("GET", "HEAD") and name in ("", "client.js", "websocket.js"):
            await self._public(scope, send, name)
        elif not self._access.same_site(headers):
            await _refuse(send, "only pages of this server may ask this")
        elif not self._access.knows(self._token(scope)):
            await _refuse(send, "the token is missing or wrong: reload the page")
        elif scope["method"] == "POST":
            await self._post(scope, receive, send, name)
        elif scope["method"] == "GET":
            await self._get(scope, receive, send, name)
        else:
            await respond(send, 405, TEXT, b"")

    async def _public(self, scope: Scope, send: Send, name: str) -> None:
        more: Headers = NO_STORE
        if name == "":
            body, more = self._status_page(scope)
            kind = "text/html; charset=utf-8"
        elif name == "client.js":
            body, kind = client_source(), JAVASCRIPT
        else:
            body, kind = static_file("client/websocket.js"), JAVASCRIPT
        await respond(send, 200, kind, b"" if scope["method"] == "HEAD" else body, more)

    def _status_page(self, scope: Scope) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
        nonce = secrets.token_urlsafe(12)
        base = f"{scope.get('root_path', '')}/__hotswap__/"
        body = static_file("status.html")
        for mark, value in ((b"TOKEN", self._access.token), (b"NONCE", nonce), (b"BASE", base)):
            body = body.replace(b"{{" + mark + b"}}", value.encode())
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        return body, (
            *NO_STORE,
            (b"content-security-policy", policy.encode()),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"referrer-policy", b"no-referrer"),
        )

    async def _get(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        query = _query(scope)
        if name == "events":
            if self._channel.closing:
                await respond(send, 503, TEXT, b"shutting down")
            else:
                await self._channel.stream(scope, receive, send, query)
        elif name == "base":
            page = self._pages.get(query.get("page", ""))
            if page is None:
                await respond(send, 404, TEXT, b"this page is not kept any more")
            else:
                # As data, whatever it was: nobody is to navigate to a page that is served from here.
                more = (
                    *NO_STORE,
                    (b"x-hotswap-type", page.kind.encode("latin-1")),
                    (b"x-hotswap-status", str(page.status).encode()),
                )
                await respond(send, 200, "application/octet-stream", page.body, more)
        elif name == "state":
            await respond_json(send, self._status.state())
        else:
            await respond(send, 405, TEXT, b"")

    async def _post(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        if not self._access.origin(scope["headers"]):
            await _refuse(send, "only pages of this server may ask this")
            return
        body = await read_body(receive)
        if body is None:
            await respond(send, 413, TEXT, b"too long")
            return
        if name == "send":
            self._channel.hear_text(body, _query(scope).get("page", ""))
            await respond(send, 204, TEXT, b"")
        elif name == "reload":
            self._ask_reload("asked for on the status page")
            await respond(send, 202, TEXT, b"an exec reload has been asked for")
        elif name == "script-diff":
            await self._difference(send, _object(body))
        elif name == "script-boundaries":
            await self._boundaries(send, _object(body))
        elif name == "action":
            asked = _object(body)
            wrong = await self._act(str(asked.get("key", "")), str(asked.get("action", "")))
            await respond_json(send, {"error": wrong})
        else:
            await respond(send, 405, TEXT, b"")

    async def _difference(self, send: Send, asked: Mapping[str, Any]) -> None:
        scripts = self._scripts()
        if scripts is None:
            why = "hotswap-live[js] is not installed"
            await respond_json(send, {"mode": "rerun", "why": why, "to": ""})
            return
        try:
            page = _loaded(asked)
            path, running = str(asked["path"]), str(asked["from"])
        except (KeyError, TypeError):
            await respond(send, 400, TEXT, b"not what our client sends")
            return
        try:
            answer = scripts.difference(path, running, page)
        except OSError as error:  # gone between our look and our reading: another event is coming
            answer = {"mode": "rerun", "why": str(error.strerror), "to": ""}
        await respond_json(send, answer)

    async def _boundaries(self, send: Send, asked: Mapping[str, Any]) -> None:
        scripts = self._scripts()
        if scripts is None:
            await respond_json(send, {"dead": "hotswap-live[js] is not installed"})
            return
        try:
            loaded = _loaded(asked)
            runs = {str(path): int(number) for path, number in dict(asked["runs"]).items()}
            path, number, page = str(asked["path"]), int(asked["id"]), str(asked["tab"])
        except (KeyError, TypeError, ValueError):
            await respond(send, 400, TEXT, b"not what our client sends")
            return
        await respond_json(send, scripts.boundaries(path, number, page, loaded, runs))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        await receive()  # websocket.connect
        headers, query = scope["headers"], _query(scope)
        known = (
            name == "ws"
            and self._access.host(headers)
            and self._access.origin(headers)
            and self._access.same_site(headers)
            and self._access.knows(_offered_token(scope))
        )
        if not known or self._channel.closing:
            await send({"type": "websocket.close", "code": REFUSED})
            return
        await self._channel.websocket(scope, receive, send, query)

    def _token(self, scope: Scope) -> str:
        given = text_header(scope["headers"], b"x-hotswap-token")
        return given or _query(scope).get("token", "")


def _loaded(asked: Mapping[str, Any]) -> Loaded:
    """Give what a page says it runs.

    Raises:
        KeyError: It did not say.
        TypeError: It said something else.
    """
    return Loaded(
        scripts=frozenset(str(path) for path in asked["loaded"]),
        inline=tuple(str(text) for text in asked["inline"]),
        maps=tuple(str(text) for text in asked["maps"]),
        address=str(asked["page"]),
        classic=bool(asked["classic"]),
    )


def _offered_token(scope: Scope) -> str:
    """Give the token that a page offers as a subprotocol: an address ends up in logs, a header does not."""
    for offered in scope.get("subprotocols") or ():
        if offered.startswith(TOKEN_PROTOCOL):
            return str(offered[len(TOKEN_PROTOCOL) :])
    return ""


def _query(scope: Scope) -> dict[str, str]:
    pairs = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}


def _object(body: bytes) -> dict[str, Any]:
    """Give a JSON object, or an empty one: what a page sends wrongly is answered as if it had sent nothing."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


async def _refuse(send: Send, why: str) -> None:
    await respond(send, 403, TEXT, f"hotswap: {why}{os.linesep}".encode())

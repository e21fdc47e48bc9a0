"""The ASGI middleware: exact cache headers, the client in documents, scripts that can be patched; all else untouched.

A browser is told to ask for static files each time. A request that is none of these calls the app directly, with the
server's own `send`: an API answer is byte for byte what plain uvicorn would give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hotswap.web.asgi import header, respond, text_header, without
from hotswap.web.faults import FAILED
from hotswap.web.pages import READABLE, VALIDATORS, Injection
from hotswap.web.styles import PARAMETER, carry_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotswap.web.access import Access
    from hotswap.web.asgi import ASGIApp, Message, Receive, Scope, Send
    from hotswap.web.pages import Pages

BASE = "/__hotswap__/"
BARE = BASE.rstrip("/")
"""What somebody types who wants to see the status page."""

NO_CACHE = [
    (b"cache-control", b"no-cache, no-store, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
]
DOCUMENTS = frozenset({b"document", b"iframe", b"frame"})
CHANGED = frozenset({b"script", b"style", b"empty"})
"""Destinations (Fetch standard, section 2.2.5) of which some answers are changed, or listened to."""
SHOWN = (b"sec-fetch-dest", b"document")
NAVIGATES = (b"sec-fetch-mode", b"navigate")
"""Both together are in what a browser asks for to show it in a tab (Fetch metadata, sections 2.1 and 2.2)."""
ANYTHING = b"*/*"
"""What programs accept that do not say: curl, httpx, requests, `fetch`."""
CONDITIONAL = (b"if-none-match", b"if-modified-since", b"range", b"if-range")
LARGEST_SOURCE = 4_000_000
"""Bytes of a script or style sheet beyond which it is served as it is."""
_MARKER = f"{PARAMETER}=".encode()


class Scripts(Protocol):
    """What the middleware needs of ``javascript.serving.Modules``."""

    def wants(self, path: str) -> bool:
        """Say whether a script at this URL path is one whose functions can be patched."""

    def rewrite(self, path: str, query: str, source: bytes, *, module: bool, root: str) -> bytes:
        """Give the source as the browser is to run it; `root` stands before every path of the app."""


class Requests(Protocol):
    """What the middleware needs of ``faults.Faults``."""

    def making(self, path: str) -> None:
        """Take down that a page is being made."""

    def made(self, path: str, shown: str, status: int | None, error: BaseException | None) -> None:
        """Show what was raised meanwhile, or take it off."""


class CacheRule:
    """Which paths get `NO_CACHE`: a path with a trailing slash is a prefix, any other (and ``/``) is exact."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.exact = frozenset(path for path in paths if path == "/" or not path.endswith("/"))
        self.prefixes = tuple(path for path in paths if path != "/" and path.endswith("/"))


def no_cache(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Give `headers` with the three of `NO_CACHE` instead of whatever spoke of caching."""
    return [*without(headers, b"cache-control", b"pragma", b"expires"), *NO_CACHE]


class Middleware:
    """Stands between uvicorn and the app."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        endpoints: ASGIApp,
        pages: Pages,
        cache: CacheRule,
        attributes: Callable[[], dict[str, str]],
        scripts: Callable[[], Scripts | None],
        verbatim: Callable[[list[str]], None],
        faults: Requests,
        is_file: Callable[[str], bool],
    ) -> None:
        self.app = app
        self._access = access
        self._endpoints = endpoints
        self._pages = pages
        self._cache = cache
        self._attributes = attributes
        self._scripts = scripts
        self._verbatim = verbatim
        self._faults = faults
        self._is_file = is_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Every request of the app passes here: one frame, no call that need not be (half of what is left is dict()).
        kind = scope["type"]
        if kind != "http" and kind != "websocket":
            return await self.app(scope, receive, send)
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :]
        is_open = self._access.open
        if is_open and path.startswith(BARE):
            if path.startswith(BASE):
                ours = {**scope, "hotswap_path": path[len(BASE) :]}
                return await self._endpoints(ours, receive, send)
            if path == BARE and kind == "http":
                return await respond(
                    send, 307, "text/plain", b"", [(b"location", f"{root}{BASE}".encode())]
                )
        if kind == "websocket":
            return await self.app(scope, receive, send)
        rule = self._cache
        cached = path in rule.exact or bool(rule.prefixes and path.startswith(rule.prefixes))
        if is_open and scope["method"] == "GET":
            headers = dict(scope["headers"])
            destination = headers.get(b"sec-fetch-dest")
            if destination is None:
                accept = headers.get(b"accept", ANYTHING)
                navigates = accept != ANYTHING and b"text/html" in accept.lower()
            else:
                navigates = destination in DOCUMENTS
            if navigates:
                return await self._document(scope, receive, send, path, root, cached=cached)
            if destination in CHANGED:
                return await self._changed(scope, receive, send, path, headers, cached=cached)
            if destination is not None and not cached and self._is_file(path):
                return await self.app(scope, receive, _revalidated(send))
        elif is_open and scope["method"] == "POST" and _shown(scope):
            return await self._document(scope, receive, send, path, root, cached=cached)
        return await self.app(scope, receive, _uncached(send) if cached else send)

    async def _changed(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        path: str,
        headers: Mapping[bytes, bytes],
        *,
        cached: bool,
    ) -> None:
        """Serve a script, a style sheet or a fetch, which may be one that we change or listen to."""
        destination = headers[b"sec-fetch-dest"]
        if destination == b"empty":
            if headers.get(b"x-hotswap") == b"merge":
                return await self._merge(scope, receive, send, path, cached=cached)
        elif destination == b"script":
            scripts = self._scripts()
            if scripts is not None and scripts.wants(path):
                return await self._script(scope, receive, send, path, scripts, cached=cached)
        elif _MARKER in scope["query_string"]:
            return await self._style(scope, receive, send, cached=cached)
        if not cached and self._is_file(path):
            return await self.app(scope, receive, _revalidated(send))
        return await self.app(scope, receive, _uncached(send) if cached else send)

    async def _document(
        self, scope: Scope, receive: Receive, send: Send, path: str, root: str, *, cached: bool
    ) -> None:
        if not self._access.host(scope["headers"]):  # a token for a rebound name would be a leak
            return await self.app(scope, receive, _uncached(send) if cached else send)
        injection = Injection(
            send,
            self._pages,
            source=f"{root}{BASE}client.js",
            # Asked for before the app runs: what is saved while the page is made is replayed to it.
            attributes={
                **self._attributes(),
                "base": f"{root}{BASE}",
                # Nobody but the user may send a form again.
                "answers-form": "1" if scope["method"] == "POST" else "0",
            },
            shown=_shown(scope),
            rewrite=no_cache if cached else None,
            verbatim=self._verbatim,
        )
        try:
            await self._make(_readable(scope), receive, injection.send, path)
        except Exception:
            if not injection.began and _shown(scope):
                await respond(injection.send, 500, "text/plain", b"Internal Server Error")
            raise
        return None

    async def _merge(
        self, scope: Scope, receive: Receive, send: Send, path: str, *, cached: bool
    ) -> None:
        """Hand on the page that an open page asks for after a save; what it raises shows there."""
        was = text_header(scope["headers"], b"x-hotswap-status")
        fine = not (was.isdigit() and int(was) >= FAILED)
        await self._make(scope, receive, _uncached(send) if cached else send, path, fine=fine)

    async def _make(
        self, scope: Scope, receive: Receive, send: Send, path: str, *, fine: bool = False
    ) -> None:
        """Let the app make a page, and tell the pages what went wrong.

        Args:
            fine: Whether the page could be made before: then an error status alone tells that something is wrong.
        """
        status: int | None = None
        seen = 0
        error: Exception | None = None

        async def send_seen(message: Message) -> None:
            nonlocal seen
            if message["type"] == "http.response.start":
                seen = message["status"]
            await send(message)

        self._faults.making(scope["path"])
        try:
            await self.app(scope, receive, send_seen)
            status = seen if fine else 0
        except Exception as raised:
            status, error = FAILED, raised
            raise
        finally:
            self._faults.made(scope["path"], path, status, error)

    async def _script(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        path: str,
        scripts: Scripts,
        *,
        cached: bool,
    ) -> None:
        # A classic script is fetched no-cors; with a crossorigin attribute it looks like a module (HTML standard).
        module = text_header(scope["headers"], b"sec-fetch-mode") != "no-cors"
        query = scope["query_string"].decode("latin-1")
        root: str = scope.get("root_path", "")

        def change(body: bytes) -> bytes:
            return scripts.rewrite(path, query, body, module=module, root=root)

        whole = Whole(send, b"javascript", change, rewrite=no_cache if cached else None)
        await self.app(_plain(scope), receive, whole.send)

    async def _style(self, scope: Scope, receive: Receive, send: Send, *, cached: bool) -> None:
        query = scope["query_string"].decode("latin-1")
        version = next(
            (part[len(PARAMETER) + 1 :] for part in query.split("&") if part.startswith("hs=")), ""
        )
        if not version.isalnum():
            return await self.app(scope, receive, _uncached(send) if cached else send)

        def change(body: bytes) -> bytes:
            return carry_version(body, version)

        whole = Whole(send, b"text/css", change, rewrite=no_cache if cached else None)
        return await self.app(_plain(scope), receive, whole.send)


class Whole:
    """Wraps `send` for a response that must be seen as a whole to be changed; passes on what is not of `kind`."""

    def __init__(
        self,
        send: Send,
        kind: bytes,
        change: Callable[[bytes], bytes],
        *,
        rewrite: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]] | None,
    ) -> None:
        self._send = send
        self._kind = kind
        self._change = change
        self._rewrite = rewrite
        self._start: Message | None = None
        self._pass = False
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Stand in for the server's `send`."""
        if self._pass:
            return await self._send(message)
        if message["type"] == "http.response.start":
            headers = [(bytes(key), bytes(value)) for key, value in message.get("headers", ())]
            if self._rewrite is not None:
                headers = self._rewrite(headers)
            message = {**message, "headers": headers}
            kind = (header(headers, b"content-type") or b"").lower()
            encoded = header(headers, b"content-encoding") not in (None, b"identity")
            if message["status"] != 200 or self._kind not in kind or encoded:
                self._pass = True
                return await self._send(message)
            self._start = message
            return None
        if message["type"] != "http.response.body" or self._start is None:
            return await self._send(message)
        self._body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(self._body) > LARGEST_SOURCE:
            self._pass = True
            await self._send(self._start)
            return await self._send({**message, "body": bytes(self._body)})
        if more:
            return None
        body = self._change(bytes(self._body))
        headers = without(self._start["headers"], b"content-length", *VALIDATORS)
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        return await self._send({"type": "http.response.body", "body": body})


def _uncached(send: Send) -> Send:
    async def send_uncached(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": no_cache(list(message.get("headers", ())))}
        await send(message)

    return send_uncached


def _revalidated(send: Send) -> Send:
    """Have a browser ask whether a static file has changed, unless the app speaks of caching itself.

    Without a word it would guess from the file's age (RFC 9111, section 4.2.2), and show the old one in the next tab,
    and in a page that has been loaded anew.
    """

    async def send_revalidated(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if header(headers, b"cache-control") is None and header(headers, b"expires") is None:
                message = {**message, "headers": [*headers, (b"cache-control", b"no-cache")]}
        await send(message)

    return send_revalidated


def _shown(scope: Scope) -> bool:
    """Say whether a browser shows the answer in a tab, whatever it is."""
    headers = scope["headers"]
    return SHOWN in headers and NAVIGATES in headers


def _plain(scope: Scope) -> Scope:
    """Give the scope of a request for the whole, uncompressed body: we are about to change it."""
    headers = without(scope["headers"], b"accept-encoding", *CONDITIONAL)
    return {**scope, "headers": headers, "extensions": _buffered(scope)}


def _readable(scope: Scope) -> Scope:
    """Give the scope of a request for the whole body, compressed only as we can undo: it may be a document.

    What is none (JSON that somebody looks at) then comes compressed as ever.
    """
    headers = []
    for name, value in without(scope["headers"], *CONDITIONAL):
        if name == b"accept-encoding":
            codings = [part.strip() for part in value.split(b",")]
            known = [part for part in codings if part.partition(b";")[0].strip() in READABLE]
            headers += [(name, b", ".join(known))] if known else []
        else:
            headers.append((name, value))
    return {**scope, "headers": headers, "extensions": _buffered(scope)}


def _buffered(scope: Scope) -> dict[str, Any]:
    """Give the extensions without those by which a body would pass us by."""
    return {
        name: value
        for name, value in (scope.get("extensions") or {}).items()
        if name not in ("http.response.pathsend", "http.response.zerocopysend")
    }

"""HTML documents on their way out: the client is put into the head, and what was sent is kept for the merge."""

from __future__ import annotations

import html
import secrets
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hotswap.web import markup
from hotswap.web.asgi import header, text_header, without
from hotswap.web.policy import widen, widen_markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap.web.asgi import Message, Send
    from hotswap.web.policy import Widened

KEPT_PAGES = 40
KEPT_BYTES = 16_000_000
LARGEST_PAGE = 2_000_000
"""Bytes of one page beyond which it is not kept: its tab reloads instead of merging."""
CARRIED_BYTES = 2_000_000

VALIDATORS = (
    b"etag",
    b"last-modified",
    b"accept-ranges",
    b"content-md5",
    b"digest",
    b"content-digest",
    b"repr-digest",
)
"""Headers that speak of the bytes as the app made them; no longer true once we have changed these."""
READABLE = (b"identity", b"gzip", b"x-gzip", b"deflate")
BODILESS = (204, 205, 206, 304)
FAILED = (
    b'<!doctype html><html><head><meta charset="utf-8"><title>%d</title></head>'
    b'<body><pre style="white-space: pre-wrap">%s</pre></body></html>'
)
"""What stands in a tab for a server error in plain text: it looks as it did, and can carry the client."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one page's server-made HTML was."""

    body: bytes
    kind: str
    """Its ``content-type``."""
    status: int


class Pages:
    """The documents sent last, by page id: the merge's common ancestor."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._size = 0

    def keep(self, name: str, page: Page) -> None:
        """Keep `page`, and drop the oldest ones beyond `KEPT_PAGES` and `KEPT_BYTES`."""
        self._pages[name] = page
        self._size += len(page.body)
        while len(self._pages) > KEPT_PAGES or self._size > KEPT_BYTES:
            _, gone = self._pages.popitem(last=False)
            self._size -= len(gone.body)

    def get(self, name: str) -> Page | None:
        """Give a page that is still kept."""
        return self._pages.get(name)

    def carry(self) -> list[tuple[str, bytes, str, int]]:
        """Give the newest pages, at most `CARRIED_BYTES`: tabs fetch theirs when idle, so older ones are with them."""
        carried: list[tuple[str, bytes, str, int]] = []
        left = CARRIED_BYTES
        for name, page in reversed(self._pages.items()):
            left -= len(page.body)
            if left < 0:
                break
            carried.append((name, page.body, page.kind, page.status))
        return carried[::-1]

    def adopt(self, carried: list[tuple[str, bytes, str, int]]) -> None:
        """Take the pages of the image before this one."""
        for name, body, kind, status in carried:
            self.keep(name, Page(body, kind, status))


def injectable(status: int, headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether a response to a navigation can carry the client; its body may still turn out a fragment."""
    return (
        status not in BODILESS
        and text_header(headers, b"content-type").partition(";")[0].strip().lower() == "text/html"
        and not text_header(headers, b"content-disposition").lower().startswith("attachment")
        and _encoding(headers) in READABLE
    )


def failed(status: int, headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether a response is what frameworks answer when a handler raised: a line of plain text."""
    kind = text_header(headers, b"content-type").partition(";")[0].strip().lower()
    return status >= 500 and kind == "text/plain" and _encoding(headers) == b"identity"


class Injection:
    """Wraps `send` for one navigation. Streams: holds back only until the head's beginning has been seen.

    Args:
        attributes: What the script tag says, as ``data-*``; without `page`, which is made here.
        shown: Whether a browser shows the answer in a tab, whatever it looks like.
        rewrite: What to do to all headers first (cache rules).
        verbatim: Told the scripts that carry ``integrity``.
    """

    def __init__(
        self,
        send: Send,
        pages: Pages,
        *,
        source: str,
        attributes: Mapping[str, str],
        shown: bool,
        rewrite: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]] | None,
        verbatim: Callable[[list[str]], None],
    ) -> None:
        self._send = send
        self._shown = shown
        self._pages = pages
        self._source = source
        self._attributes = attributes
        self._rewrite = rewrite
        self._verbatim = verbatim
        self._pass = False
        self._start: dict[str, Any] | None = None
        self._held: list[Message] = []
        self._head = b""
        self._decoder: Any = None
        self._copy: bytearray | None = None
        self._page = ""
        self._plain = False
        self.began = False
        """Whether the app has begun to answer."""

    async def send(self, message: Message) -> None:
        """Stand in for the server's `send`."""
        kind = message["type"]
        if self._pass:
            await self._send(message)
        elif kind == "http.response.start":
            await self._begin(message)
        elif kind == "http.response.body":
            await self._body(message)
        else:  # early hints, debug information: theirs to order
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = [(bytes(key), bytes(value)) for key, value in message.get("headers", ())]
        if self._rewrite is not None:
            headers = self._rewrite(headers)
        start = {**message, "headers": headers}
        self.began = True
        if self._shown and failed(message["status"], headers):
            headers[:] = without(headers, b"content-type", b"content-length")
            headers.append((b"content-type", b"text/html; charset=utf-8"))
            self._start, self._plain = start, True
            return
        if not injectable(message["status"], headers):
            self._pass = True
            await self._send(start)
            return
        self._start = start
        if _encoding(headers) != b"identity":
            self._decoder = _decoder()

    async def _body(self, message: Message) -> None:
        data = bytes(message.get("body", b""))
        more = bool(message.get("more_body", False))
        if self._decoder is not None:
            if self._start is not None:
                self._held.append(message)
            try:
                data = self._decode(data, last=not more)
            except zlib.error:
                if self._start is None:
                    raise
                # not what its header says: the browser may know better
                await self._give_up(self._start)
                return
        if self._start is not None:
            self._head += data
            if self._plain:
                if more:
                    return
                words = html.escape(self._head.decode("utf-8", "replace")).encode()
                self._head = FAILED % (self._start["status"], words)
                length = (b"content-length", str(len(self._head)).encode())
                self._start["headers"].append(length)
            await self._try_head(self._start, more=more)
            return
        if self._copy is not None:
            self._keep(data)
        await self._send({**message, "body": data})
        if not more:
            self._finish()

    async def _try_head(self, start: dict[str, Any], *, more: bool) -> None:
        found = markup.head(self._head, last=not more, shown=self._shown)
        if found.verdict == "more":
            return
        data = self._head
        self._start, self._head, self._held = None, b"", []
        if found.verdict == "document":
            before, after = data[: found.offset], data[found.offset :]
            widened = widen_markup(after)
            tag = self._prepare(start, len(widened) - len(after))
            if tag:
                self._copy = bytearray()
                self._keep(data)
                data = before + tag + widened
        elif self._decoder is not None:
            self._drop_encoding(start)
        await self._send(start)
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        if not more:
            self._finish()
        elif self._copy is None and self._decoder is None:
            self._pass = True

    def _prepare(self, start: dict[str, Any], longer: int) -> bytes:
        """Make the headers true for the page with our tag in it, and give the tag; ``b""`` when none can run.

        Args:
            longer: By how many bytes the body grows but for the tag.
        """
        headers: list[tuple[bytes, bytes]] = start["headers"]
        values = [
            v.decode("latin-1") for k, v in headers if k.lower() == b"content-security-policy"
        ]
        widened = widen(values, secrets.token_urlsafe(12))
        if not widened.scripts:
            if self._decoder is not None:
                self._drop_encoding(start)
            return b""
        self._page = secrets.token_hex(8)
        self._status = int(start["status"])
        self._kind = text_header(headers, b"content-type")
        tag = self._tag(widened)
        length = header(headers, b"content-length")
        headers = without(headers, *VALIDATORS, b"content-length", b"content-security-policy")
        if self._decoder is not None:
            headers = without(headers, b"content-encoding")
        elif length is not None and length.isdigit():
            headers.append((b"content-length", str(int(length) + longer + len(tag)).encode()))
        headers += [
            (b"content-security-policy", value.encode("latin-1")) for value in widened.values
        ]
        start["headers"] = headers
        return tag

    def _tag(self, widened: Widened) -> bytes:
        words = [f'<script src="{html.escape(self._source)}"', f'data-page="{self._page}"']
        words += [f'data-{key}="{html.escape(value)}"' for key, value in self._attributes.items()]
        if widened.styles != "any":
            words.append(f'data-styles="{widened.styles}"')
        if widened.nonce:
            words.append(f'nonce="{html.escape(widened.nonce)}"')
        return (" ".join(words) + " data-hotswap></script>").encode()

    def _decode(self, data: bytes, *, last: bool) -> bytes:
        out = bytearray(self._decoder.decompress(data))
        while self._decoder.eof and self._decoder.unused_data:  # several gzip members in a row
            rest = self._decoder.unused_data
            self._decoder = _decoder()
            out += self._decoder.decompress(rest)
        if last:
            out += self._decoder.flush()
        return bytes(out)

    def _keep(self, data: bytes) -> None:
        self._verbatim(markup.verbatim_scripts(data))
        if self._copy is not None and len(self._copy) <= LARGEST_PAGE:
            self._copy += data

    def _finish(self) -> None:
        if self._copy is not None and len(self._copy) <= LARGEST_PAGE:
            self._pages.keep(self._page, Page(bytes(self._copy), self._kind, self._status))
        self._copy = None

    def _drop_encoding(self, start: dict[str, Any]) -> None:
        start["headers"] = without(
            start["headers"], b"content-encoding", b"content-length", *VALIDATORS
        )

    async def _give_up(self, start: dict[str, Any]) -> None:
        self._pass = True
        await self._send(start)
        for message in self._held:
            await self._send(message)
        self._start, self._held = None, []


def _encoding(headers: list[tuple[bytes, bytes]]) -> bytes:
    return (header(headers, b"content-encoding") or b"identity").strip().lower()


def _decoder() -> Any:
    """Make a decompressor for zlib or gzip, whichever it turns out to be (zlib manual, inflateInit2: 32 + 15)."""
    return zlib.decompressobj(47)

"""The development channel: numbered events, kept in a ring, to every open page; what a page missed is replayed.

A WebSocket first: nine tabs of one host open at once, and it never delays a shutdown.
Server-sent events carry the same JSON where no WebSocket comes through. Epoch, ring and current errors are plain data
and survive an exec reload, so that a page just goes on reading where it was.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from hotswap.web.asgi import text_header

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hotswap.web.asgi import Receive, Scope, Send

Event = dict[str, Any]

RING = 256
"""Events kept for replay; a page that missed more reloads itself."""
SHOWN = 400
"""`applied` reports kept for the status page."""
LONGEST_MESSAGE = 65_536
"""Characters of one message of a page that we read."""
SUBPROTOCOL = "hotswap.v1"
TOKEN_PROTOCOL = "hotswap.token."  # noqa: S105 -- what stands before the token
"""Begins the second subprotocol that a page offers; the token follows."""
RESTARTING = 1012
"""WebSocket close code "service restart" (IANA registry): the page comes back at once."""
REFUSED = 4403
PATIENCE = 0.5
"""Seconds that a shutdown waits for the pages' connections to end."""
STATUS_PAGE = "status"
"""The page id of the status page: it reads all events and is not counted as a page."""


@dataclass(eq=False, slots=True)
class Listener:
    """One open connection of a page; `seen` is the last event it was sent."""

    id: str
    page: str
    kind: Literal["websocket", "sse"]
    agent: str
    seen: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    aside: deque[Event] = field(default_factory=lambda: deque(maxlen=SHOWN))
    """Unnumbered messages for the status page."""

    @property
    def name(self) -> str:
        """What the page calls itself; an older client says nothing."""
        return self.page or self.id


class Channel:
    """Events out, reports in. Everything happens on the event loop's thread.

    Args:
        size: How many events are kept to be replayed.
        answered: Called with a page and its report, once it has done what an event asked for.
        left: Called with a page whose connection has ended.
    """

    def __init__(
        self,
        *,
        size: int = RING,
        answered: Callable[[str, Event], None] | None = None,
        left: Callable[[str], None] | None = None,
    ) -> None:
        self._answered = answered
        self._left = left
        self.epoch = secrets.token_hex(6)
        self.last = 0
        self.ring: deque[Event] = deque(maxlen=size)
        self.errors: dict[str, Event] = {}
        self.applied: deque[dict[str, Any]] = deque(maxlen=SHOWN)
        self.listeners: dict[str, Listener] = {}
        self.closing = False
        self._moments: dict[int, float] = {}
        self._serving: set[asyncio.Task[None]] = set()

    def publish(self, kind: str, /, **facts: object) -> Event:
        """Number an event, keep it, and wake every listener."""
        self.last += 1
        event: Event = {"id": self.last, "t": kind, "at": round(time.time(), 3), **facts}
        self.ring.append(event)
        self._moments[self.last] = time.monotonic()
        self._moments.pop(self.last - RING, None)
        if kind == "error":
            self.errors[str(facts["key"])] = event
        elif kind == "ok":
            self.errors.pop(str(facts["key"]), None)
        self._wake()
        return event

    def oldest(self) -> int:
        """Give the id of the oldest event that can be replayed."""
        return int(self.ring[0]["id"]) if self.ring else self.last + 1

    def pages(self) -> set[str]:
        """Give the pages that listen now, the status page aside."""
        return {one.name for one in self.listeners.values()} - {STATUS_PAGE}

    def hello(self) -> Event:
        """Give what a page is told first: where the stream stands, and what is broken just now."""
        return {
            "t": "connected",
            "epoch": self.epoch,
            "last": self.last,
            "oldest": self.oldest(),
            "errors": list(self.errors.values()),
        }

    async def websocket(
        self, scope: Scope, receive: Receive, send: Send, query: Mapping[str, str]
    ) -> None:
        """Accept a page and serve it over its WebSocket until it goes or `close` is called."""
        offered = scope.get("subprotocols") or ()
        chosen = SUBPROTOCOL if SUBPROTOCOL in offered else None
        await send({"type": "websocket.accept", "subprotocol": chosen})

        async def put(event: Event) -> None:
            await send({"type": "websocket.send", "text": json.dumps(event)})

        async def read(listener: Listener) -> None:
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                if text is not None and len(text) <= LONGEST_MESSAGE:
                    self.hear_text(text, listener.name)

        if await self._serve(scope, query, "websocket", put, read):
            await send({"type": "websocket.close", "code": RESTARTING, "reason": "restarting"})

    async def stream(
        self, scope: Scope, receive: Receive, send: Send, query: Mapping[str, str]
    ) -> None:
        """Serve a page by server-sent events (WHATWG HTML, section 9.2)."""
        last = text_header(scope["headers"], b"last-event-id")
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def put(event: Event) -> None:
            number = f"id: {event['id']}\n" if "id" in event else ""
            body = f"{number}data: {json.dumps(event)}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async def read(_: Listener) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        asked = {**query, "since": last} if last.isdigit() else query
        if await self._serve(scope, asked, "sse", put, read):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def hear_text(self, text: str | bytes, page: str) -> None:
        """Take one message of a page; what is not understood is dropped, for a page may run any extension."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        if isinstance(message, dict) and message.get("t") == "applied":
            self._applied(message, page)

    def carry(self) -> dict[str, object]:
        """Give what the next image needs to go on with the same stream."""
        return {
            "epoch": self.epoch,
            "last": self.last,
            "ring": list(self.ring),
            "errors": list(self.errors.values()),
            "applied": list(self.applied),
        }

    def adopt(self, carried: Mapping[str, Any]) -> None:
        """Go on with the stream of the image before this one."""
        self.epoch = str(carried["epoch"])
        self.last = int(carried["last"])
        self.ring.clear()
        self.ring.extend(carried["ring"])
        self.errors = {event["key"]: event for event in carried["errors"]}
        self.applied.extend(carried["applied"])
        # A page that connected before this belongs to the fresh epoch: it compares and catches up.
        self._wake()

    async def close(self) -> None:
        """End every connection and take no new ones; a page that does not read is given up on after `PATIENCE`."""
        self.closing = True
        self._wake()
        if self._serving:
            await asyncio.wait(self._serving, timeout=PATIENCE)

    def _wake(self) -> None:
        for listener in self.listeners.values():
            listener.news.set()

    async def _serve(
        self,
        scope: Scope,
        query: Mapping[str, str],
        kind: Literal["websocket", "sse"],
        put: Callable[[Event], Awaitable[None]],
        read: Callable[[Listener], Awaitable[None]],
    ) -> bool:
        """Send and hear until one side ends it; True when that was us."""
        listener = Listener(
            id=secrets.token_hex(4),
            page=query.get("page", "")[:40],
            kind=kind,
            agent=text_header(scope["headers"], b"user-agent")[:200],
            seen=self._start(query),
        )
        self.listeners[listener.id] = listener
        serving = asyncio.current_task()
        if serving is not None:
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        # Reading begins first: what a handler that is entered again after an exec reload sends before its first
        # receive() counts as said already (docs/explanation/exec.md), and we have something new to say.
        reading = asyncio.ensure_future(read(listener))
        writing = asyncio.ensure_future(self._write(listener, put))
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            # The writer ends by itself only when we close; it fails when the page has gone.
            return writing.done() and writing.exception() is None
        finally:
            del self.listeners[listener.id]
            if self._left is not None and listener.name not in self.pages():
                self._left(listener.name)
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)

    def _start(self, query: Mapping[str, str]) -> int:
        """Give the id after which this page is to be told of events; a page of another epoch catches up by itself."""
        since = query.get("since", "")
        epoch = query.get("epoch", "")
        if (epoch and epoch != self.epoch) or not since.isdigit():
            return self.last
        return max(min(int(since), self.last), self.oldest() - 1)

    async def _write(self, listener: Listener, put: Callable[[Event], Awaitable[None]]) -> None:
        await put(self.hello())
        while not self.closing:
            for event in [event for event in self.ring if event["id"] > listener.seen]:
                await put(event)
                listener.seen = event["id"]
            while listener.aside:
                await put(listener.aside.popleft())
            listener.news.clear()
            if self.last <= listener.seen and not listener.aside and not self.closing:
                await listener.news.wait()

    def _applied(self, message: Mapping[str, Any], page: str) -> None:
        number = message.get("id")
        moment = self._moments.get(number) if isinstance(number, int) else None
        spent = message.get("ms")
        report: dict[str, Any] = {
            "id": number if isinstance(number, int) else None,
            "how": str(message.get("how", ""))[:200],
            "ms": round(float(spent), 1) if isinstance(spent, int | float) else None,
            "page": page,
        }
        if moment is not None:
            event = next((event for event in self.ring if event["id"] == number), {})
            shown = (time.monotonic() - moment) * 1000 + float(event.get("live_ms") or 0)
            report["screen_ms"] = round(shown, 1)
        self.applied.append(report)
        if self._answered is not None:
            self._answered(page, report)
        for listener in self.listeners.values():
            if listener.page == STATUS_PAGE:
                listener.aside.append({"t": "applied", **report})
                listener.news.set()

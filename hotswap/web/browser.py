"""The browser side as one object: the session hands it outcomes and changed files, uvicorn gets the app it wraps."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any, Literal

from hotswap.source.model import Fault
from hotswap.web import reports
from hotswap.web.access import Access, is_loopback
from hotswap.web.channel import Channel
from hotswap.web.deliveries import Deliveries
from hotswap.web.endpoints import Endpoints
from hotswap.web.faults import KINDS, Faults
from hotswap.web.middleware import BASE, CacheRule, Middleware
from hotswap.web.pages import Pages
from hotswap.web.places import Places
from hotswap.web.saves import changed_since, line, since_save
from hotswap.web.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotswap.source.model import Outcome
    from hotswap.web.asgi import ASGIApp
    from hotswap.web.javascript.serving import Modules

OnPatch = Literal["morph", "reload", "none"]

EDITOR = "vscode://file/{file}:{line}:{col}"
CACHE_PATHS = ("/", "/static/")
SCRIPT = "script:"
WITHOUT_JS = (
    "a changed script reloads the page; to have functions replaced inside the live page, "
    'install "hotswap-live[js]"'
)

SERVER_LOGS = ("uvicorn.access", "uvicorn.error")
"""Where uvicorn logs requests, and WebSockets."""

logger = logging.getLogger("hotswap.web")


def _not_ours(record: logging.LogRecord) -> bool:
    """Pass what does not tell of a request below our own path: the console is the user's."""
    if not isinstance(record.args, tuple):
        return True
    return not any(isinstance(word, str) and BASE in word for word in record.args)


def _silent(_: str) -> None:
    """Say nothing."""


def _untold(_: Sequence[str], __: str) -> None:
    """Tell nothing."""


def _unreported(_: Fault, __: str) -> None:
    """Report nothing."""


class Browser:
    """Makes pages follow the code. Used on the event loop's thread only.

    Args:
        root: The project; the token and the short names of files come from it.
        editor: The link to a source line; ``{file}``, ``{line}`` and ``{col}`` are filled in.
        on_patch: What a page does after a swap: merge what changed, reload, or nothing.
        cache_paths: Whose responses get the no-cache headers; a trailing slash makes a prefix.
        allowed_hosts: More names that the ``Host`` header may have; ``.example.test`` for all below.
        token_dir: Where the token's file lies; by default below ``XDG_RUNTIME_DIR`` or the temporary folder.
        allow_remote: Serve the development endpoints on a non-loopback address too.
        reconnect: Whether the page's own WebSockets come back by themselves when lost.
        ask_reload: Called with a reason when the status page's button asks for an exec reload.
        status: Facts for the status page: ``target``, ``version``, ``generation``, ``connections``, ``stale``,
            ``pending``; all optional.
        say: Takes one sentence for the console.
        delivered: Takes files that pages were sent, and what the pages did with them.
        report: Takes a fault of a file that pages were not sent, and a headline, for the console.
    """

    def __init__(
        self,
        *,
        root: str,
        ask_reload: Callable[[str], None],
        editor: str = EDITOR,
        on_patch: OnPatch = "morph",
        cache_paths: Sequence[str] = CACHE_PATHS,
        allowed_hosts: Sequence[str] = (),
        token_dir: str | None = None,
        allow_remote: bool = False,
        reconnect: bool = True,
        status: Callable[[], Mapping[str, object]] = dict,
        say: Callable[[str], None] = _silent,
        delivered: Callable[[Sequence[str], str], None] = _untold,
        report: Callable[[Fault, str], None] = _unreported,
    ) -> None:
        self._root = os.path.realpath(root)
        self._editor = editor
        self._on_patch = on_patch
        self._reconnect = reconnect
        self._say = say
        self._report = report
        self._cache = CacheRule(cache_paths)
        self._deliveries = Deliveries(delivered)
        self._channel = Channel(answered=self._page_answered, left=self._deliveries.left)
        self._faults = Faults(self._channel, self._root)
        self._pages = Pages()
        self._places = Places()
        self._access = Access(
            root=root,
            allowed_hosts=allowed_hosts,
            token_dir=token_dir,
            allow_remote=allow_remote,
        )
        self._modules: Modules | Literal["unknown"] | None = "unknown"
        self._told_without_js = False
        self._left: float | None = None
        """When the image before this one began to leave."""
        self._endpoints = Endpoints(
            access=self._access,
            channel=self._channel,
            pages=self._pages,
            status=Status(self._channel, status, self._root),
            scripts=self._scripts,
            ask_reload=ask_reload,
            act=self._faults.act,
        )

    @property
    def token(self) -> str:
        """The secret that this project's pages know."""
        return self._access.token

    def bound(self, host: str | None) -> str:
        """Take an address that the server is bound to (None: a Unix socket or an inherited descriptor).

        Returns:
            The sentence to tell the user when the development endpoints are therefore switched off, else ``""``.
        """
        if host is None or (host and is_loopback(host)) or self._access.allow_remote:
            return ""
        self._access.open = False
        where = host or "all addresses"
        return (
            f"pages do not follow saves: the server is bound to {where}, where others could reach the "
            "development endpoints; --allow-remote serves them all the same"
        )

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Put the middleware around an app, and keep our own requests out of uvicorn's access log."""
        for name in SERVER_LOGS:
            logging.getLogger(name).addFilter(_not_ours)
        return Middleware(
            app,
            access=self._access,
            endpoints=self._endpoints,
            pages=self._pages,
            cache=self._cache,
            attributes=self._attributes,
            scripts=self._scripts,
            verbatim=self._verbatim,
            faults=self._faults,
            is_file=lambda path: self._places.file(path) is not None,
        )

    def serves(self, static: Sequence[tuple[str, str]], templates: Sequence[str]) -> None:
        """Take what the app serves: (URL prefix, folder) pairs and template folders. Call again when it changed."""
        self._places.set(static, templates)

    def interesting(self) -> Sequence[str]:
        """Give the folders whose files reach pages, for the watcher."""
        return self._places.folders()

    def outcome(self, outcome: Outcome) -> None:
        """Tell the pages what became of a batch."""
        if outcome.fault is not None:
            self._faults.of_batch(outcome, outcome.fault)
            return
        if not outcome.ok:
            return  # an exec reload follows, and its own outcome
        self._faults.swapped()
        if outcome.verdict != "unchanged":
            self._channel.publish(
                "patched",
                live_ms=since_save(outcome.files, self._root) or round(outcome.ms, 2),
                **reports.patched(outcome, self._root),
            )

    def files(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Tell the pages about changed style sheets, scripts, images, fonts and templates; give those that were.

        What became of them is said when the pages have answered.
        """
        sent: dict[str, list[int]] = {}
        documents: list[str] = []
        for path in paths:
            kind = self._places.kind(path)
            if kind is None:
                continue
            sent[path] = []
            if kind in ("template", "page"):
                documents.append(path)
            elif kind == "script":
                sent[path] = self._script(path)
            else:
                sent[path] = self._publish_file(f"{kind}-update", path)
        if documents:
            short = [reports.relative(path, self._root) for path in documents]
            event = self._channel.publish(
                "html-update", files=short, live_ms=since_save(documents, self._root)
            )
            sent.update((path, [event["id"]]) for path in documents)
        files = sorted(
            reports.relative(path, self._root) for path, events in sent.items() if events
        )
        numbers = {number for events in sent.values() for number in events}
        self._deliveries.sent(files, numbers, self._channel.pages())
        return tuple(sent)

    def fault(self, key: str, fault: Fault, *, kind: str = "config") -> None:
        """Show a fault that is no outcome's (configuration, a migration) until `mended` is told its key."""
        self._faults.show(key, fault, kind=kind)

    def ask(
        self,
        key: str,
        *,
        title: str,
        message: str,
        actions: Mapping[str, Callable[[], object]],
        hint: str = "",
    ) -> None:
        """Show a question with a button for each of `actions` until `mended` is told its key.

        A callback may be async; what it raises is shown, and the question stays.
        """
        self._faults.ask(key, title=title, message=message, actions=actions, hint=hint)

    def mended(self, key: str) -> None:
        """Take a fault or a question off the pages."""
        self._faults.mended(key)

    def settled(self, path: str) -> None:
        """Take off the fault of a file that was settled otherwise than by another save (a button)."""
        self._faults.settled(path)

    def caught(self, path: str, error: BaseException) -> None:
        """Take an exception that a framework answers itself: it shows, if a page is being made. On any thread."""
        self._faults.caught(path, error)

    def carry(self) -> dict[str, object]:
        """Give what the next image needs: pages then go on without noticing."""
        self._deliveries.flush()
        carried: dict[str, object] = {
            "channel": self._channel.carry(),
            "pages": self._pages.carry(),
            "left": time.time(),
        }
        modules = self._modules
        if modules is not None and modules != "unknown":
            carried["scripts"] = modules.carry()
        return carried

    def adopt(self, carried: Mapping[str, Any]) -> None:
        """Go on where the image before this one stopped. Call before the app serves."""
        self._channel.adopt(carried["channel"])
        self._pages.adopt(carried["pages"])
        modules = self._scripts() if carried.get("scripts") else None
        if modules is not None:
            modules.adopt(carried["scripts"])
        self._faults.adopted()
        self._left = carried["left"]

    def missed(self) -> Sequence[str]:
        """Give, once, the files that were saved after the image before this one had left off watching."""
        if self._left is None:
            return []
        left, self._left = self._left, None
        return changed_since(self._places.folders(), left)

    async def close(self) -> None:
        """End the pages' connections, so that no shutdown waits for them."""
        self._deliveries.flush()
        await self._channel.close()

    def _attributes(self) -> dict[str, str]:
        return {
            "epoch": self._channel.epoch,
            "build": str(self._channel.last),
            "token": self._access.token,
            "on-patch": self._on_patch,
            "editor": self._editor,
            "ws": "1" if self._reconnect else "0",
        }

    def _scripts(self) -> Modules | None:
        """Give the script side, imported when the first script is asked for; None without tree-sitter."""
        if self._modules == "unknown":
            try:
                from hotswap.web.javascript.serving import Modules
            except ImportError:
                self._modules = None
            else:
                self._modules = Modules(self._places)
        return self._modules

    def _verbatim(self, sources: list[str]) -> None:
        modules = self._scripts() if sources else None
        if modules is not None:
            modules.leave(sources)

    def _script(self, path: str) -> list[int]:
        modules = self._scripts()
        key = SCRIPT + reports.relative(path, self._root)
        if modules is None and not self._told_without_js:
            self._told_without_js = True
            self._say(WITHOUT_JS)
        wrong = modules.fault(path) if modules is not None else None
        if wrong is None:
            self.mended(key)
            return self._publish_file("js-update", path, hot=modules is not None)
        fault = Fault(
            code="HS704",
            title="SyntaxError",
            message=wrong.message,
            path=os.path.realpath(path),
            line=wrong.line,
            column=wrong.column,
            text=line(path, wrong.line),
            hint="pages keep running the last good version",
        )
        live = since_save([path], self._root)
        self._faults.show(key, fault, kind=KINDS[fault.code], live_ms=live)
        self._report(fault, "not sent to pages")
        return []

    def _publish_file(self, kind: str, path: str, **more: object) -> list[int]:
        """Send a file to pages by each of its addresses; give the numbers of the events."""
        events = [
            self._channel.publish(
                kind,
                path=url,
                files=[reports.relative(path, self._root)],
                # Not the event's id: a restarted server counts anew, and the browser may remember the address.
                v=f"{time.time_ns() // 1_000_000:x}",
                live_ms=since_save([path], self._root),
                **more,
            )
            for url in self._places.urls(path)
        ]
        return [event["id"] for event in events]

    def _page_answered(self, page: str, report: Mapping[str, Any]) -> None:
        if report["id"] is not None:
            spent = float(report.get("screen_ms") or 0.0)
            self._deliveries.answered(page, report["id"], report["how"], spent)

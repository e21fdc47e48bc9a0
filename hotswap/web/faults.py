"""What is wrong now, and what is asked, as pages show it: of a batch, a script, a page that could not be made."""

from __future__ import annotations

import inspect
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap.web import reports
from hotswap.web.saves import since_save, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap.source.model import Fault, Outcome
    from hotswap.web.channel import Channel

PYTHON: Final = "python:"
REQUEST: Final = "request:"
KINDS: Final = {
    "HS701": "config",
    "HS702": "migration",
    "HS703": "config",
    "HS704": "javascript",
}
"""What a fault is called in the overlay, by its code; anything else is Python."""
FAILED: Final = 500
"""From this status on a page could not be made (RFC 9110, section 15.6)."""

logger = logging.getLogger("hotswap.web")


@dataclass(slots=True)
class Making:
    """One path, while pages of it are being made."""

    requests: int = 0
    caught: BaseException | None = None


class Faults:
    """Those that are shown, by key. Used on the event loop's thread only, but for `caught`.

    Args:
        channel: Tells the pages, and keeps what new ones have to be told.
        root: The project.
    """

    def __init__(self, channel: Channel, root: str) -> None:
        self._channel = channel
        self._root = root
        self._digests: dict[str, float] = {}
        self._actions: dict[str, Mapping[str, Callable[[], object]]] = {}
        self._making: dict[str, Making] = {}

    def of_batch(self, outcome: Outcome, fault: Fault) -> None:
        """Show why a batch was not swapped; what it says nothing of is looked at again."""
        key = PYTHON + reports.relative(fault.path, self._root)
        self._clear_mended(outcome, but=key)
        self._digests[key] = written(fault.path)
        self.show(
            key,
            fault,
            kind=KINDS.get(fault.code, "python"),
            live_ms=since_save(outcome.files, self._root),
        )

    def swapped(self) -> None:
        """Take off all that a swap has settled: of Python's files, and of pages that were made by the code before."""
        for key in [key for key in self._channel.errors if key.startswith((PYTHON, REQUEST))]:
            self.mended(key)

    def show(self, key: str, fault: Fault, *, kind: str, **facts: object) -> None:
        """Show a fault until `mended` is told its key."""
        self._actions.pop(key, None)
        self._channel.publish(
            "error", key=key, **facts, **reports.faulted(fault, self._root, kind=kind)
        )

    def ask(
        self,
        key: str,
        *,
        title: str,
        message: str,
        actions: Mapping[str, Callable[[], object]],
        hint: str = "",
    ) -> None:
        """Show a question with a button for each of `actions` until `mended` is told its key."""
        self._actions[key] = actions
        self._channel.publish(
            "error",
            key=key,
            kind="question",
            title=title,
            message=message,
            hint=hint,
            frames=[],
            actions=list(actions),
        )

    async def act(self, key: str, label: str) -> str:
        """Do what a button of `ask` says; give what went wrong, or ``""``."""
        callback = self._actions.get(key, {}).get(label)
        if callback is None:
            return "this question has been settled already"
        try:
            result = callback()
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            logger.exception("%s: %s", key, label)
            return f"{type(error).__name__}: {error}"
        return ""

    def mended(self, key: str) -> None:
        """Take a fault or a question off the pages."""
        self._actions.pop(key, None)
        self._digests.pop(key, None)
        if key in self._channel.errors:
            self._channel.publish("ok", key=key)

    def settled(self, path: str) -> None:
        """Take off the fault of a file that was settled otherwise than by another save (a button)."""
        self.mended(PYTHON + reports.relative(path, self._root))

    def adopted(self) -> None:
        """Drop the questions of the image before this one: whoever asked them asks again."""
        for key in [k for k, event in self._channel.errors.items() if event.get("actions")]:
            self.mended(key)

    def making(self, path: str) -> None:
        """Take down that a page is being made: the path as the server knows it."""
        self._making.setdefault(path, Making()).requests += 1

    def caught(self, path: str, error: BaseException) -> None:
        """Take what a framework has caught and answers itself, on whatever thread; kept only while a page is made."""
        making = self._making.get(path)
        if making is not None:
            making.caught = error

    def made(self, path: str, shown: str, status: int | None, error: BaseException | None) -> None:
        """Show what was raised while a page was made, or take it off.

        Args:
            path: As told to `making`.
            shown: The path within the app.
            status: What was answered; None when nobody waited for it any more.
            error: What came out of the app.
        """
        making = self._making[path]
        making.requests -= 1
        error = error or making.caught
        if not making.requests:
            del self._making[path]
        if status is None:
            return
        if error is None and status < FAILED:
            self.mended(REQUEST + shown)
            return
        facts: dict[str, Any] = {
            "title": f"{shown} answers {status}",
            "message": "the app has answered this itself, and says no more",
            "hint": "the page shows what it showed before; what was raised may stand in the app's log",
            "frames": [],
        }
        if error is not None:
            facts = {
                "title": f"{type(error).__name__} while {shown} was made",
                "message": str(error),
                "hint": "",
                "frames": reports.raised(error, self._root, within=(self._root,)),
            }
        self._channel.publish("error", key=REQUEST + shown, kind="request", **facts)

    def _clear_mended(self, outcome: Outcome, *, but: str) -> None:
        """Of the Python faults shown, drop those whose file has changed since, or waits no more."""
        pending = {PYTHON + reports.relative(path, self._root) for path in outcome.pending}
        for key in [key for key in self._channel.errors if key.startswith(PYTHON) and key != but]:
            path = os.path.join(self._root, key.removeprefix(PYTHON))
            if key not in pending or self._digests.get(key) != written(path):
                self.mended(key)

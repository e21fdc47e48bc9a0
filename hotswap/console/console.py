"""One voice for everything hotswap has to say."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal, TextIO

from hotswap.console.lines import INDENT, Line, Span, line, pad
from hotswap.console.report import banner, clean_lines, delivered, fault_lines, healed, report
from hotswap.console.screen import open_screen, write
from hotswap.source.model import EVENTS_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotswap.console.lines import Style
    from hotswap.console.screen import Screen
    from hotswap.source.model import Fault, Outcome

logger = logging.getLogger("hotswap.console")

Level = Literal["info", "warning", "error", "debug"]

BURST: Final = 0.6
"""Seconds: what repeats within this is counted. Slower than that, a person saved, and each save gets its line."""
ALTERNATING: Final = 3
"""How many different outcomes a burst may go through in turn: broken, mended, broken, ..."""

LEVELS: Final[Mapping[Level, Style]] = {
    "info": "",
    "debug": "quiet",
    "warning": "warm",
    "error": "bad",
}


@dataclass(slots=True)
class Repeated:
    """An outcome that came `times` times, and how many of these the reader knows of."""

    last: Outcome
    by: str = ""
    times: int = 1
    told: int = 1


class Console:
    """Shows what happens: to a person on `stream` (stderr), or as JSON, one object a line (stdout).

    Args:
        stream: Where to write instead.
        json: Machine-readable events, each with ``"v"`` (see docs/reference/events.md).
        verbosity: -1: only what went wrong. 0. 1: all details, and notes of level debug.
        root: Paths are shown relative to it.
        clear: Clear the terminal before each outcome.
        wall: Gives the time of day as shown.
        clock: Monotonic seconds.
        later: Calls back after so many seconds; None: on the running asyncio loop, when there is one.
    """

    def __init__(
        self,
        *,
        stream: TextIO | None = None,
        json: bool = False,
        verbosity: int = 0,
        root: str = "",
        clear: bool = False,
        wall: Callable[[], str] = lambda: time.strftime("%H:%M:%S"),
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        self.json = json
        self.verbosity = verbosity
        self.root = root
        self._stream = stream if stream is not None else sys.stdout if json else sys.stderr
        self._screen: Screen | None = None
        self._clear = clear
        self._wall = wall
        self._clock = clock
        self._later = later or _on_the_loop
        self._recent: dict[object, Repeated] = {}
        self._shown_at = float("-inf")
        self._deaf = False
        self._pending: tuple[str, ...] = ()

    def started(self, info: Mapping[str, object]) -> None:
        """Say what runs where, what is watched, what to try. After an exec reload only in JSON: the outcome tells."""
        if self.json:
            self._event("started", info)
        elif self.verbosity >= 0 and not info.get("resumed"):
            self._show([*banner(info, root=self.root, verbose=self.verbosity > 0), line(indent=0)])

    def outcome(self, outcome: Outcome, *, by: str = "") -> None:
        """Report one batch. What repeats in a burst is counted and shown once more at its end.

        Args:
            outcome: What became of it.
            by: Who reports it, where that could be several processes.
        """
        if self.json:
            self._write_json(outcome.as_event())
            return
        if (
            self.verbosity < 0
            and outcome.ok
            and not outcome.stale
            and not (outcome.reload and outcome.reload.lost)
        ):
            return
        good = outcome.ok and not outcome.stale and not (outcome.reload and outcome.reload.lost)
        if self.verbosity < 0 and good and not self._pending:
            return
        waited, self._pending = self._pending, outcome.pending
        mended = outcome.verdict == "unchanged" and set(outcome.files) <= set(waited)
        if waited and not outcome.pending and mended:
            self.flush()
            self._show([healed(waited, outcome.generation, time=self._wall(), root=self.root)])
            return
        now = self._clock()
        key = alike(outcome)
        if now - self._shown_at > BURST:
            self.flush()
            self._recent.clear()
        self._shown_at = now
        repeated = self._recent.pop(key, None)
        if repeated is not None:
            # Kept in the order of their last coming: the last line at the end says how things stand.
            self._recent[key] = Repeated(outcome, by, repeated.times + 1, repeated.told)
            self._later(BURST, self._settle)
            return
        if len(self._recent) >= ALTERNATING:
            self.flush()
            self._recent.clear()
        self._recent[key] = Repeated(outcome, by)
        if self._clear:
            self._paper().clear()
        self._show(self._report(outcome, by))

    def say(self, text: str, *, level: Level = "info", **facts: object) -> None:
        """Say one thing that is no outcome. `facts` go into the JSON only."""
        if self.json:
            self._event("note", {"level": level, "text": text, **facts})
            return
        if self.verbosity < {"debug": 1, "info": 0}.get(level, -1):
            return
        self.flush()
        first, *rest = clean_lines(text) or [""]
        style = LEVELS[level]
        head = Line((Span(pad(self._wall(), INDENT), "time"), Span(first, style)), hang=INDENT)
        self._show([head, *(line(Span(more, style)) for more in rest)])

    def delivered(self, files: Sequence[str], did: str) -> None:
        """Say what open pages did with files that no swap has to do with: scripts, style sheets, templates."""
        if self.json:
            text = f"{', '.join(files)}: {did}"
            self._event("note", {"level": "info", "text": text, "files": list(files)})
        elif self.verbosity >= 0:
            self.flush()
            self._show([delivered(files, did, time=self._wall(), root=self.root)])

    def fault(self, fault: Fault, *, headline: str) -> None:
        """Report a fault that belongs to no swap: the app failed to start, a directory cannot be watched."""
        if self.json:
            self._event("fault", {"headline": headline, "fault": asdict(fault)})
            return
        self.flush()
        head = [
            Span(pad(self._wall(), INDENT), "time"),
            Span(" ".join(clean_lines(headline)), "bad"),
        ]
        if fault.code:
            head.append(Span(f"   {fault.code}", "quiet"))
        self._show([Line(tuple(head)), *fault_lines(fault, root=self.root)])

    def stopped(self, **facts: object) -> None:
        """Say that the program ends; only machines need to be told."""
        self.flush()
        if self.json:
            self._event("stopped", facts)

    def flush(self) -> None:
        """Show the counts of what came again and was not shown yet."""
        for repeated in self._recent.values():
            if repeated.times > repeated.told:
                repeated.told = repeated.times
                self._show(self._report(repeated.last, repeated.by, repeated.times))

    def _settle(self) -> None:
        """Flush when the burst is over; otherwise the timer of its last save does."""
        if self._clock() - self._shown_at >= BURST * 0.9:
            self.flush()

    def _report(self, outcome: Outcome, by: str, repeated: int = 1) -> list[Line]:
        return report(
            outcome,
            time=self._wall(),
            root=self.root,
            verbose=self.verbosity > 0,
            repeated=repeated,
            by=by,
        )

    def _event(self, event: str, facts: Mapping[str, object]) -> None:
        self._write_json({"v": EVENTS_VERSION, "event": event, **facts})

    def _write_json(self, event: Mapping[str, object]) -> None:
        self._guarded(lambda: write(self._stream, json.dumps(event, default=str) + "\n"))

    def _show(self, lines: Sequence[Line]) -> None:
        if lines:
            self._guarded(lambda: self._paper().show(lines))

    def _paper(self) -> Screen:
        if self._screen is None:
            self._screen = open_screen(self._stream)
        return self._screen

    def _guarded(self, action: Callable[[], None]) -> None:
        """Write; when the reader has gone away, the program goes on without a word."""
        if self._deaf:
            return
        try:
            action()
        except (
            OSError,
            ValueError,
        ) as error:  # EPIPE, EIO of a lost terminal; "I/O operation on closed file"
            self._deaf = True
            logger.debug("nobody reads what the console says: %r", error)


def alike(outcome: Outcome) -> object:
    """Give what makes two outcomes the same line but for time, milliseconds and generation."""
    changes = tuple(
        (change.mark, change.path, change.name, change.what) for change in outcome.changes
    )
    fault = outcome.fault and (outcome.fault.code, outcome.fault.path)
    return outcome.verdict, outcome.rung, outcome.files, changes, fault, bool(outcome.stale)


def _on_the_loop(delay: float, callback: Callable[[], None]) -> object:
    """Call back on the running loop; without one the count is shown with the next line."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.get_running_loop().call_later(delay, callback)
    except RuntimeError:
        return None

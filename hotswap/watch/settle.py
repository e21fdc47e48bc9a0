"""When is a save complete? Events and a clock in, complete files out.

A save that says so itself (closed after writing, renamed into place) is complete at once. What is ambiguous waits
for the event that decides it, or for a short grace. Nothing here watches, sleeps or reads content.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.watch.disk import Disk, Sign

Kind = Literal["whole", "perhaps", "changed", "gone"]
"""``whole``: closed after writing, or renamed into place. ``perhaps``: a name appeared: a rename from a directory that
is not watched, a link, or the beginning of a file that is being written. ``changed``: differs from the last look, by
polling or where the system does not report the closing. ``gone``: deleted or renamed away."""

APPEARED: Final = 0.003
"""A name that appeared because it is being written is closed 0.05-0.1 ms later when the file is small (measured):
waiting this long saves a second report."""
STABLE: Final = 0.03
"""What only polling or a modification tells about is complete when it looked the same this long."""
EMPTY: Final = 0.05
"""Truncated and closed: whoever writes in two steps has begun the second by now."""
RETURN: Final = 0.25
"""Deleted or renamed away: the new file of delete + create or backup + rename comes well within this."""
REPLACED: Final = 0.02
"""Gone, yet there again: its own event is on the way."""
OPEN: Final = 1.0
"""Closed, but somebody has it open for writing: waits for that one's closing no longer than this."""
HELD: Final = 10.0
"""A batch stays open while git works, and a file that was never closed is waited for, no longer than this."""
CALM: Final = 0.025
"""After git has put its index in place the last events of its files are still on their way."""
GRACES: Final = {"whole": 0.0, "perhaps": APPEARED, "gone": REPLACED}


@dataclass(slots=True)
class Waiting:
    """One path with its last event."""

    kind: Kind
    first: float
    last: float
    sign: Sign | None = None
    looked: float = 0.0
    partner: str = ""
    """The other end of a rename, when both ends are of interest: one batch."""


class Settling:
    """Collects what happened to paths and gives those whose save is complete.

    Args:
        disk: How the system is asked.
        known: Whether a path is tracked; what is not and has vanished again was somebody's temporary file.
        git: The ``.git`` directories whose ``index.lock`` keeps a batch open.
    """

    def __init__(self, disk: Disk, known: Callable[[str], bool], git: Iterable[str] = ()) -> None:
        self.git: tuple[str, ...] = tuple(git)
        self._disk = disk
        self._known = known
        self._waiting: dict[str, Waiting] = {}
        self._held_since: float | None = None
        self._calm_until = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, kind: Kind, path: str, now: float, *, partner: str = "") -> None:
        """Take note of one event; the last one of a path decides."""
        waiting = self._waiting.get(path)
        if waiting is None:
            self._waiting[path] = Waiting(kind, now, now, partner=partner)
        else:
            if kind == "changed" and waiting.kind in {"whole", "perhaps"}:
                return  # the event says more than polling does
            if kind != waiting.kind:
                waiting.first = now
            waiting.kind, waiting.last = kind, now
            waiting.sign = None
            waiting.partner = partner or waiting.partner
        if self._held_since is not None:
            self._calm_until = max(self._calm_until, now + CALM)

    def ready(self, now: float) -> tuple[tuple[str, ...], float | None]:
        """Give the complete files, sorted, and the seconds after which to ask again (None: at the next event)."""
        if not self._waiting:
            self._held_since = None
            return (), None
        hold = self._hold(now)
        if hold > 0:
            return (), hold
        delays = {path: self._delay(path, waiting, now) for path, waiting in self._waiting.items()}
        for path, waiting in list(self._waiting.items()):
            if delays[path] is None:
                del self._waiting[path]
            elif waiting.partner in delays:
                # Both ends of a rename wait for the later one; a name that only passed through does not count.
                other = delays[waiting.partner]
                delays[path] = max(delays[path] or 0.0, other or 0.0)
        done = sorted(path for path in self._waiting if not delays[path])
        for path in done:
            del self._waiting[path]
        again = [delay for path in self._waiting if (delay := delays[path])]
        if not self._waiting:
            self._held_since = None
        return tuple(done), min(again, default=None)

    def _hold(self, now: float) -> float:
        """Give the seconds the whole batch stays open because git is at work; 0: it is not."""
        if self._git_works():
            if self._held_since is None:
                self._held_since = now
            self._calm_until = now + CALM
        if self._held_since is None or now >= self._held_since + HELD:
            return 0.0
        return max(0.0, min(self._calm_until - now, CALM))

    def _git_works(self) -> bool:
        """Say whether an index is locked or was put in place just now; a lock left by a crash does not count."""
        wall = self._disk.wall_ns()
        for directory in self.git:
            lock = self._disk.sign(os.path.join(directory, "index.lock"))
            if lock is not None and wall - lock.mtime_ns < HELD * 1e9:
                return True
            index = self._disk.sign(os.path.join(directory, "index"))
            if index is not None and abs(wall - index.mtime_ns) < CALM * 1e9:
                return True
        return False

    def _delay(self, path: str, waiting: Waiting, now: float) -> float | None:
        """Give the seconds until `path` may be complete: 0 now, None never (somebody's temporary file)."""
        sign = self._disk.sign(path)
        if sign is None or sign.directory:
            if not self._known(path):
                return None
            if waiting.kind != "gone":
                waiting.kind, waiting.first = "gone", now
            # What git removed while it worked does not come back: the files of a checkout are one batch.
            grace = RETURN if self._held_since is None else 0.0
            return max(0.0, waiting.first + grace - now)
        written = self._disk.being_written(path)
        if written:
            limit = OPEN if waiting.kind == "whole" else HELD
            return 0.0 if now >= waiting.first + limit else min(0.1, waiting.first + limit - now)
        if waiting.kind == "changed" or (waiting.kind == "perhaps" and written is None):
            return self._until_stable(waiting, sign, now)
        grace = EMPTY if sign.size == 0 else GRACES[waiting.kind]
        return max(0.0, waiting.last + grace - now)

    @staticmethod
    def _until_stable(waiting: Waiting, sign: Sign, now: float) -> float:
        """Two looks, apart by a moment, must see the same file."""
        if waiting.sign != sign:
            waiting.sign, waiting.looked = sign, now
        return max(0.0, waiting.looked + (STABLE if sign.size else 2 * EMPTY) - now)

"""What was saved comes from the watcher's thread to the quiet point, or waits until it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap.console import Console
    from hotswap.session.quiet import QuietPoint
    from hotswap.watch import Watcher


class Watching:
    """Owns the watcher, and the saves that have to wait.

    Args:
        quiet: Where saves are taken.
        console: Hears what cannot be watched.
        save: Gets the files of one save, at a quiet point.
        busy: Says whether saves have to wait for something under way.
    """

    def __init__(
        self,
        quiet: QuietPoint,
        console: Console,
        *,
        save: Callable[[Sequence[str]], None],
        busy: Callable[[], bool],
    ) -> None:
        self._quiet = quiet
        self._console = console
        self._save = save
        self._busy = busy
        self.watcher: Watcher | None = None
        self.paused = False
        self._late: dict[str, None] = {}
        """Files that were saved while that had to wait."""

    def open(self, poll: float | None) -> Watcher:
        """Make the watcher; it sees nothing before it is told what, and started."""
        from hotswap.watch import Watcher

        self.watcher = Watcher(wake=self._wake, poll=poll)
        return self.watcher

    def close(self) -> None:
        """Watch no more. Idempotent."""
        if self.watcher is not None:
            self.watcher.stop()
            self.watcher = None

    def take(self) -> None:
        """Take what has settled. At a quiet point only."""
        if self.watcher is None:
            return
        settled = self.watcher.take()
        for problem in settled.problems:
            self._console.fault(problem, headline="cannot watch everything")
        if settled.again is not None:
            self._quiet.later(settled.again, self.take)
        if settled.files and (self.paused or self._busy()):
            self._late.update(dict.fromkeys(settled.files))
        elif settled.files:
            self._save(settled.files)

    def take_late(self) -> None:
        """Save what had to wait, unless watching is paused."""
        if self._late and not self.paused:
            late, self._late = self._late, {}
            self._save(list(late))

    def _wake(self) -> None:
        """On the watcher's thread."""
        self._quiet.soon(self.take)

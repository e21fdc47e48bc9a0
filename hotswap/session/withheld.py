"""A fault is told a moment late: the other files of the same "save all" may be on their way, and mend it.

Editors write the files one after the other. The first one alone often cannot run (it imports a name that the second
one defines): it is rolled back, joins the batch of the second, and nobody needs to hear of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.session.quiet import QuietPoint
    from hotswap.source.model import Outcome

GRACE: Final = 0.05
"""Seconds a fault is kept back. Nobody sees the delay of an error; "save all" writes ten files in some milliseconds."""


class Withheld:
    """Keeps back the outcome of a save that raised.

    Args:
        quiet: Where the time passes.
        pending: The files whose last save has not been swapped in.
        tell: Gets the outcomes that are to be told, in their order.
    """

    def __init__(
        self,
        quiet: QuietPoint,
        *,
        pending: Callable[[], frozenset[str]],
        tell: Callable[[Outcome], None],
    ) -> None:
        self._quiet = quiet
        self._pending = pending
        self._tell = tell
        self._outcome: Outcome | None = None

    def take(self, outcome: Outcome) -> None:
        """Take the outcome of a save: it is told now or, when its files are left pending, in a moment."""
        if self._outcome is not None and self._still() <= frozenset(outcome.files):
            self._outcome = None  # its files were part of this save
        self.release()
        if outcome.fault is None or not outcome.pending:
            self._tell(outcome)
            return
        self._outcome = outcome
        self._quiet.later(GRACE, lambda: self._release_if(outcome))

    def release(self) -> None:
        """Tell what is kept back, unless its files have been mended. Idempotent."""
        if self._outcome is not None:
            still, outcome = self._still(), self._outcome
            self._outcome = None
            if still:
                self._tell(outcome)

    def _release_if(self, outcome: Outcome) -> None:
        if self._outcome is outcome:
            self.release()

    def _still(self) -> frozenset[str]:
        """Give the files of the kept outcome that are pending now."""
        return frozenset(self._outcome.pending if self._outcome else ()) & self._pending()

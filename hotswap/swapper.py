"""A batch of paths to one Outcome: read, diff, plan, swap, verify, commit.

Holds what outlives one swap: the ledger (in the tracker), history, pending files and the generation.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.live.tracker import Tracker
from hotswap.source.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from hotswap.live.batch import Batch, Outside
    from hotswap.live.journal import Journal

KEPT: int = 50
"""Outcomes, and steps of undo, that are remembered."""


class Swapper:
    """The engine without server or watcher.

    Args:
        roots: Modules below these directories are tracked, imported already or later.
        pin: Module names that are never re-executed; their functions are still patched.
        live_loops: Let suspended coroutines and generators take new bodies.
    """

    def __init__(
        self,
        roots: Iterable[str | Path] = (),
        *,
        pin: Iterable[str] = (),
        live_loops: bool = True,
    ) -> None:
        self.tracker: Tracker = Tracker(roots, live_loops=live_loops)
        self.pin: frozenset[str] = frozenset(pin)
        self.live_loops = live_loops
        self.history: list[Outcome] = []
        self.reenter: Callable[[Any], bool] | None = None
        self.about_to_set: Callable[[str, Journal], None] | None = None
        """Called with the name of a module, and the journal of the swap, before statements may set values in it."""
        self._pending: dict[str, None] = {}
        self._undo: list[dict[str, bytes | None]] = []
        self._lock = threading.RLock()
        self.tracker.install()

    # -- facts -----------------------------------------------------------------------------------------------------
    @property
    def generation(self) -> int:
        """Swaps since the first start."""
        return hooks.runtime.generation

    @property
    def pending(self) -> frozenset[str]:
        """Files of faulted batches; they join every later batch until they swap or are reverted."""
        return frozenset(self._pending)

    def tracked(self) -> frozenset[str]:
        """Give the absolute real paths of all tracked source files."""
        self.tracker.adopt_imported()
        return self.tracker.tracked() | self.tracker.loose()

    def data_files(self) -> frozenset[str]:
        """Give the files that tracked modules read while they were imported, or tried to in a faulted batch."""
        waited = self.tracker.attempted if self._pending else ()
        return self.tracker.data_files().union(waited)

    def why_untracked(self, path: str | os.PathLike[str]) -> str:
        """Say why saving this file does nothing; empty when it is tracked."""
        real = os.path.realpath(os.fspath(path))
        if self.tracker.at(real) or real in self.tracker.data_files():
            return ""
        reason = self.tracker.why_excluded(real)
        if reason:
            return reason
        if real in self.tracker.failed:
            return "its import failed"
        if not real.endswith(".py"):
            return "no module read it while it was imported"
        return "no module was imported from it"

    # -- swapping --------------------------------------------------------------------------------------------------
    def apply(
        self,
        paths: Iterable[str | os.PathLike[str]] | None = None,
        *,
        outside: Outside | None = None,
    ) -> Outcome:
        """Swap in what changed: the given files, or without argument whatever differs from what runs.

        `outside` tells what else changed with them; the statements that read it run again.

        Never raises for the user's fault. A plan that needs a fresh process changes nothing: ``ok`` False, ``rung``
        ``"exec"``, `reason` set.
        """
        from hotswap.live.batch import Outside, read_batch

        with self._lock, self.tracker.copying():
            started = time.perf_counter()
            self.tracker.adopt_imported()
            given = None if paths is None else [os.fspath(p) for p in paths]
            batch = read_batch(self.tracker, given, self._pending, outside or Outside())
            outcome, before = self._swap(batch, started)
            if outcome.ok and outcome.rung is not None and before:
                self._undo.append(before)
                del self._undo[:-KEPT]
            return outcome

    def undo(self) -> Outcome:
        """Go back to the sources that ran before the last swap, in memory; the files stay as they are."""
        from hotswap.live.batch import Batch

        with self._lock, self.tracker.copying():
            started = time.perf_counter()
            if not self._undo:
                return Outcome(
                    ok=True,
                    rung="noop",
                    files=(),
                    reason="nothing to undo",
                    generation=self.generation,
                )
            sources = self._undo[-1]
            outcome, _ = self._swap(Batch.of_sources(self.tracker, sources), started)
            if outcome.ok:
                self._undo.pop()
            return outcome

    def explain(self, paths: Iterable[str | os.PathLike[str]] | None = None) -> Outcome:
        """Say what `apply` would do, and do nothing."""
        from hotswap.live.batch import read_batch
        from hotswap.live.swap import Swap, explain

        with self._lock, self.tracker.copying():
            started = time.perf_counter()
            given = None if paths is None else [os.fspath(p) for p in paths]
            batch = read_batch(self.tracker, given, self._pending)
            swap = Swap(self.tracker, batch, pin=self.pin, live_loops=self.live_loops)
            return self._finish(explain(swap), started, remember=False)

    def close(self) -> None:
        """Track no further imports; what has been swapped stays."""
        self.tracker.uninstall()

    def _swap(self, batch: Batch, started: float) -> tuple[Outcome, dict[str, bytes | None]]:
        from hotswap.live.swap import Swap, carry_out

        swap = Swap(
            self.tracker,
            batch,
            pin=self.pin,
            live_loops=self.live_loops,
            reenter=self.reenter,
            told=self.about_to_set,
        )
        before: dict[str, bytes | None] = {e.entry.path: e.entry.data for e in batch.edits}
        collecting = gc.isenabled()
        gc.disable()  # what a swap makes stays young, so that a small collection finds all of it
        try:
            result = carry_out(swap)
        finally:
            del swap  # first: the collector would go through the syntax trees, which need it not
            if collecting:
                gc.enable()
        gc.collect(1)  # throw-away classes leave the __subclasses__() of their bases
        reverted = [p for p in batch.same if p in self._pending]
        for path in reverted:
            del self._pending[path]
        if reverted and result.fault is None:
            result = replace(
                result,
                files=(*result.files, *reverted),
                reason=result.reason if batch.paths else "back to what runs",
            )
        if result.fault is not None:
            for path in batch.paths:
                self._pending[path] = None
        elif result.ok:
            for path in batch.paths:
                self._pending.pop(path, None)
            if not self._pending:
                self.tracker.attempted.clear()
        return self._finish(result, started, swapped=result.ok and bool(batch.paths)), before

    def _finish(
        self, result: Outcome, started: float, *, swapped: bool = False, remember: bool = True
    ) -> Outcome:
        if swapped:
            hooks.runtime.generation += 1
        outcome = replace(
            result,
            generation=hooks.runtime.generation,
            ms=(time.perf_counter() - started) * 1e3,
            pending=tuple(sorted(self._pending)),
        )
        if remember:
            self.history.append(outcome)
            del self.history[:-KEPT]
            if swapped:
                self._tell(outcome)
        return outcome

    def _tell(self, outcome: Outcome) -> None:
        """Call the app's `on_swap` functions; one that raises is reported, not rolled back."""
        for listeners in list(hooks.runtime.swap_listeners.values()):
            for function in list(listeners):
                try:
                    hooks.call(function, outcome)
                except Exception as error:  # noqa: BLE001 - the app's own code, after commit
                    sys.excepthook(type(error), error, error.__traceback__)

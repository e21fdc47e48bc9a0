"""The quiet point: where no callback of the app is half done on the thread that swaps.

While an event loop runs, work is done by it, between two callbacks, be it our own server's loop or one that a program
started itself. While none runs, work is done at once on the thread that asks, one at a time.
"""

from __future__ import annotations

import asyncio
import asyncio.events
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap.session.holding import Hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INTERVAL: Final = 0.1
"""Seconds for which a swap beside a busy main thread may keep the interpreter; one takes a tenth of that."""


GLANCE: Final = 0.002
"""Seconds without the interpreter lock in which another thread takes the signals that have come."""


@dataclass(slots=True, eq=False)
class Later:
    """Work that has a time."""

    work: Callable[[], object]
    due: float
    loop: asyncio.AbstractEventLoop | None = None
    """The loop that waits; None where a timer's thread does."""


class QuietPoint:
    """Knows the event loops that run in this process, and does work between their callbacks."""

    def __init__(self) -> None:
        self._loops: dict[int, asyncio.AbstractEventLoop] = {}
        """By thread, in the order in which they began to run."""
        self._waiting: deque[Callable[[], object]] = deque()
        self._later: set[Later] = set()
        self._turn: Final = threading.Lock()
        """Held while work is done. Nobody waits for it: whoever holds it does what the others brought."""
        self._worker = 0
        """The thread that does what waits."""
        self._foreign: set[int] = set()
        """Threads whose loops are our own short ones: no work is done on them."""
        self._hold: Final = Hold()
        self._set_running: Any = None
        self.on_loop: Callable[[asyncio.AbstractEventLoop], None] | None = None
        """Called on the loop's thread when a loop begins to run."""
        self.on_error: Callable[[Exception], None] | None = None
        """Gets what work raised: a mistake of ours."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that work is done on: the main thread's when it runs one, else the one that began last."""
        loops = self._loops  # replaced as a whole, never changed: needs no lock
        main = threading.main_thread().ident
        found = loops.get(main) if main is not None else None
        return found or next(reversed(loops.values()), None)

    def install(self) -> None:
        """Notice every loop from now on; before uvloop is imported, which keeps its own reference (stdlib.pxi:44)."""
        if self._set_running is not None:
            return
        self._hold.install()
        original = self._set_running = asyncio.events._set_running_loop

        def set_running_loop(loop: asyncio.AbstractEventLoop | None) -> None:
            original(loop)
            self._ran(loop)

        self._replace(set_running_loop)
        if "uvloop" in sys.modules:
            self._hook_uvloop()

    def uninstall(self) -> None:
        """Put asyncio's own function back."""
        self._later.clear()
        if self._set_running is not None:
            self._replace(self._set_running)
            self._set_running = None
            self._hold.uninstall()

    def soon(self, work: Callable[[], object]) -> None:
        """Do `work` at the next quiet point. From any thread, or from a signal handler."""
        self._waiting.append(work)
        loop = self.loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._drain)
                return
            except RuntimeError:  # it was closed this moment
                self._forget(loop)
        self._drain()

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Do `work` after `seconds`, at a quiet point, even when the loop that runs now has ended by then."""
        later = Later(work, time.monotonic() + seconds)
        self._later.add(later)
        self._await(later)

    def _await(self, later: Later) -> None:
        seconds = max(0.0, later.due - time.monotonic())
        while (loop := self.loop) is not None:
            later.loop = loop
            try:
                loop.call_soon_threadsafe(loop.call_later, seconds, self._came, later)
            except RuntimeError:  # it was closed this moment
                self._forget(loop)
                continue
            if loop in self._loops.values():  # else it ended this moment, on its own thread
                return
        later.loop = None
        timer = threading.Timer(seconds, self._came, (later,))
        timer.daemon = True
        timer.start()

    def _came(self, later: Later) -> None:
        """The time of some work has come; of two that wait for it the first one does it."""
        try:
            self._later.remove(later)
        except KeyError:
            return
        self.soon(later.work)

    def _forget(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loops = {key: one for key, one in self._loops.items() if one is not loop}

    def hold_on(self) -> None:
        """From here to the end of the work that is being done no more of the program may run on the main thread."""
        if self._worker == threading.get_ident() and not self._undisturbing():
            self._hold.again()

    def interrupted(self) -> bool:
        """Say whether Ctrl+C has come to a main thread that is held: it is given a moment to take it."""
        if self._worker != threading.get_ident() or self._undisturbing():
            return False
        return self._hold.interrupted.wait(GLANCE)

    def run_apart(self, coroutine: Any) -> Any:
        """Run a coroutine to its end on a short loop of our own, on this thread: a program without a loop leaves so."""
        me = threading.get_ident()
        self._foreign.add(me)
        try:
            return asyncio.run(coroutine)
        finally:
            self._foreign.discard(me)

    def _drain(self) -> None:
        """Do what waits. Never waits for another thread that is doing it: that one goes on until nothing is left."""
        while self._waiting and self._turn.acquire(blocking=False):
            self._worker = threading.get_ident()
            try:
                with self._undisturbed():
                    while self._waiting:
                        self._one(self._waiting.popleft())
            finally:
                self._worker = 0
                self._turn.release()

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Beside a main thread that runs no loop: hold it, or it would run in the middle of a swap.

        Until it has noticed, and where it cannot be held, it gets the interpreter lock only after the switch interval
        (Python/ceval_gil.c, take_gil). On the app's own thread nothing is to be gained, and its other threads would
        stall.
        """
        if self._undisturbing():
            yield
            return
        before = sys.getswitchinterval()
        sys.setswitchinterval(INTERVAL)
        try:
            with self._hold.held():
                yield
        finally:
            sys.setswitchinterval(before)

    def _undisturbing(self) -> bool:
        """Say whether work on this thread needs nobody held: it is the program's own."""
        return self.loop is not None or threading.current_thread() is threading.main_thread()

    def finish(self, patience: float) -> None:
        """Let another thread end what it is doing: a swap that makes the program end is still reported.

        Args:
            patience: Seconds to wait at most.
        """
        if self._worker != threading.get_ident() and self._turn.acquire(timeout=patience):
            self._turn.release()

    def _one(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # it must not end the watcher's thread, nor pass for the app's
            if self.on_error is None:
                raise
            self.on_error(error)

    def _ran(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """A loop began to run on this thread, or ended (None)."""
        me = threading.get_ident()
        if me in self._foreign:
            return
        ended = self._loops.get(me) if loop is None else None
        loops = {key: one for key, one in self._loops.items() if key != me}
        if loop is not None:
            loops[me] = loop
        self._loops = loops
        if loop is not None and self.on_loop is not None:
            self.on_loop(loop)
        if loop is None:
            if self._waiting and self.loop is None:
                self._drain()
            if ended is not None:  # it may never run again
                for later in [each for each in tuple(self._later) if each.loop is ended]:
                    self._await(later)

    def _replace(self, function: Any) -> None:
        asyncio.events._set_running_loop = function
        asyncio._set_running_loop = function

    def _hook_uvloop(self) -> None:
        """uvloop was imported before us: hook its loop class, which is a plain Python one."""
        import uvloop

        run_forever = uvloop.Loop.run_forever

        def noticed(loop: Any) -> None:
            self._ran(loop)
            try:
                run_forever(loop)
            finally:
                self._ran(None)

        type.__setattr__(uvloop.Loop, "run_forever", noticed)

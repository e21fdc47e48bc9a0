"""The main thread of a program without a loop waits while a swap is carried out beside it.

It would call a new body before the constant that it reads is there: a statement that runs again may let go of the
interpreter (it reads a file, it sleeps). No signal is sent: Python is told that one arrived (`_thread.interrupt_main`),
so nothing that the thread is blocked in is interrupted, and its handler waits between two instructions of the thread.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

POLL: Final = 0.05
"""Seconds between two looks at what the swap does."""
STILL: Final = 10
"""Looks in a row that find it asleep at one instruction: perhaps it waits for a lock that the held thread has."""
MOST: Final = 600
"""Looks at most: a swap that still runs after half a minute waits for the main thread in a way of its own."""


class Hold:
    """Holds the main thread, from another one."""

    def __init__(self) -> None:
        self._swapping: Final = threading.Lock()
        self._number: Any = 0
        """Of the signal that we take; 0 for none."""
        self._swapper = (0, 0)
        """The thread that swaps: its ids in Python and in the system."""
        self.interrupted: Final = threading.Event()
        """Ctrl+C has come to the held thread: its program ends."""

    def install(self) -> None:
        """Take the last real-time signal, unless somebody has a use for it. Where there is none, nobody is held."""
        number = getattr(signal, "SIGRTMAX", None)
        if number is None or threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, self._wait)
            self._number = number

    def uninstall(self) -> None:
        """Give the signal back."""
        if self._is_ours() and threading.current_thread() is threading.main_thread():
            signal.signal(self._number, signal.SIG_DFL)
        self._number = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the main thread from its next instruction on, until the block ends or stands still."""
        if not self._is_ours():
            yield
            return
        with self._swapping:
            self._swapper = (threading.get_ident(), threading.get_native_id())
            self.interrupted.clear()
            _thread.interrupt_main(self._number)
            yield

    def again(self) -> None:
        """Within `held`: hold the main thread anew, which was let go while the block waited for something else."""
        if self._is_ours() and self._swapping.locked():
            _thread.interrupt_main(self._number)

    def _is_ours(self) -> bool:
        return self._number != 0 and signal.getsignal(self._number) == self._wait

    def _wait(self, _number: int, _frame: object) -> None:
        """On the main thread, in the place of whatever comes next there."""
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            self.interrupted.set()
            return
        try:
            self._stand()
        except KeyboardInterrupt:
            self.interrupted.set()
            raise

    def _stand(self) -> None:
        still = 0
        before: tuple[CodeType, int, bytes] | None = None
        for _ in range(MOST):
            if self._swapping.acquire(timeout=POLL):
                self._swapping.release()
                return
            now = self._asleep_at()
            still = still + 1 if now is not None and now == before else 0
            before = now
            if still == STILL:
                return

    def _asleep_at(self) -> tuple[CodeType, int, bytes] | None:
        """Give where the swap sleeps, and how often it ran until then; None when it runs or waits for a processor."""
        thread, native = self._swapper
        frame = sys._current_frames().get(thread)
        status = _facts(native, "stat") or b") S"  # not Linux: it may be running
        asleep = status.rpartition(b") ")[2][:1] in b"SD"
        turns = _facts(native, "schedstat").rpartition(b" ")[2]
        return (frame.f_code, frame.f_lasti, turns) if asleep and frame is not None else None


def _facts(native: int, name: str) -> bytes:
    """Give what the system says of a thread (proc(5)), nothing where it does not."""
    try:
        return Path(f"/proc/self/task/{native}/{name}").read_bytes()
    except OSError:
        return b""

"""Ctrl+C and SIGTERM while the last image writes everything down: they wait for the next one, which ends by them.

A handler that ran in that time would only ask the loop to end: it does not turn any more, execve comes first, and the
program would go on as if nobody had asked. A signal without a handler of Python's ends the process at once, as ever.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any

from hotswap.handover import carrier

if TYPE_CHECKING:
    from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Noted:
    """Notes the signals that end the program, in place of its handlers; for the main thread, a no-op elsewhere."""

    def __init__(self) -> None:
        self._noted: list[int] = []
        self.interrupted = interrupted()
        """The program has been told before this to end, and is about to."""
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in _ENDING:
                if callable(signal.getsignal(number)):
                    self._before[number] = signal.signal(number, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._noted.append(number)

    def send_on(self) -> None:
        """Let those that came wait in the kernel, where they survive execve. For the last moment before it."""
        carrier.hold_signals()
        noted, self._noted = self._noted, []
        for number in noted:  # for this thread: another one would take what this one holds back
            signal.pthread_kill(threading.get_ident(), number)

    def give_back(self) -> None:
        """The program goes on after all: its own handlers get what came."""
        before, self._before = self._before, {}
        for number, handler in before.items():
            signal.signal(number, handler)
        noted, self._noted = self._noted, []
        for number in noted:
            signal.raise_signal(number)


def interrupted() -> bool:
    """Say whether Ctrl+C has been told to a program that ``asyncio.run`` runs: it ends, though that may take a moment.

    The handler that asyncio sets is a partial of its runner's method (Lib/asyncio/runners.py).
    """
    handler = signal.getsignal(signal.SIGINT)
    runner = getattr(getattr(handler, "func", None), "__self__", None)
    return isinstance(runner, asyncio.Runner) and getattr(runner, "_interrupt_count", 0) > 0

"""Signals that ask for an exec reload."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def listen(ask: Callable[[str], object]) -> None:
    """Take SIGUSR1 as a request to reload, and SIGHUP where no terminal could hang up; the app's handlers stay.

    Args:
        ask: Gets the signal's name, in the signal handler.
    """
    if not hasattr(signal, "SIGUSR1"):
        return
    if threading.current_thread() is not threading.main_thread():
        return

    def asked(number: int, _: object) -> None:
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            return  # the program is ending
        ask(signal.Signals(number).name)

    if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL:
        signal.signal(signal.SIGUSR1, asked)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL and not _has_terminal():
        signal.signal(signal.SIGHUP, asked)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True

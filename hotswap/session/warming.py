"""What the first swap needs is imported once the program serves, on a thread of its own."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hotswap.session.session import Session

WARM: Final = 0.2
"""Seconds after the rest is set up until the engine is imported."""


def begin(session: Session, after: float = WARM) -> None:
    """Import the engine in a moment; later, while the program itself is still importing."""
    session.quiet.later(after, lambda: _start(session, after))


def _start(session: Session, after: float) -> None:
    if session.quiet.loop is None and _importing():
        begin(session, 2 * after)  # it must not come between the program's imports
        return
    live_loops = session.options.live_loops
    threading.Thread(
        target=lambda: _warm(live_loops=live_loops), name="hotswap: warm", daemon=True
    ).start()


def _warm(*, live_loops: bool) -> None:
    """Import what the first swap needs; jurigged alone costs 0.2 s."""
    import hotswap.live.swap  # noqa: F401 -- the whole engine
    from hotswap.live import adapters, loops, patch

    patch.warm()
    adapters.active()
    if live_loops:
        loops.warm()


def _importing() -> bool:
    """Say whether the main thread is in the middle of an import."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False

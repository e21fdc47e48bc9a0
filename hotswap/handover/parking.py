"""Park: the new image cannot start. It holds every connection, shows why, and tries again when a file is saved.

The retry is another execve with the same sealed carrier: half imported modules are gone with the image. Clients wait;
new ones queue at the listeners. No loop runs here, and no thread.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from hotswap.handover import carrier, image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.source.model import Fault
    from hotswap.wire.records import Manifest

LOOK_EVERY = 0.1
"""Seconds between two looks at the files."""

GRAIN = 0.01
"""Seconds by which a file's time stamp may lag behind the clock (the kernel's tick)."""

_TRIGGERS = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGHUP") if hasattr(signal, name))
_ENDS = (signal.SIGTERM, signal.SIGINT)


def park(
    manifest: Manifest,
    fault: Fault | None,
    files: Iterable[str],
    on_progress: Callable[[str], None],
) -> NoReturn:
    """Hold everything until one of `files` is saved or a reload signal comes, then execute the program anew.

    SIGTERM and SIGINT end the process, as they would have ended the server; so does a hang-up of its terminal.
    """
    count = len(manifest.connections)
    held = f"{count} connection" + ("" if count == 1 else "s")
    on_progress(
        f"the new code cannot start{f': {fault.message}' if fault is not None else ''}; "
        f"{held} held, the next save tries again"
    )
    carrier.hold_signals()
    watched = tuple(files)
    before = _look(watched)
    late = any(each is not None and each[0] > (manifest.woke_at - GRAIN) * 1e9 for each in before)
    while True:
        came = signal.sigtimedwait((*_TRIGGERS, *_ENDS), LOOK_EVERY)
        if came is not None and came.si_signo in _ENDS:
            _end(came.si_signo)
        if came is not None and came.si_signo == getattr(signal, "SIGHUP", 0) and _terminal():
            _end(came.si_signo)
        if late or came is not None or _look(watched) != before:
            late = False
            try:
                image.flush()
                image.replace(
                    manifest.fd,
                    manifest.descriptors(),
                    manifest.crashes + 1,
                )
            except OSError as error:
                on_progress(f"cannot start again: {error}; the next save tries again")
                carrier.hold_signals()
            before = _look(watched)


def _look(files: Iterable[str]) -> list[tuple[int, int, int] | None]:
    found: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            facts = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append((facts.st_ctime_ns, facts.st_size, facts.st_ino))
    return found


def _terminal() -> bool:
    """Say whether the process has a controlling terminal, whose hang-up ends it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _end(number: int) -> NoReturn:
    """End as the signal's default action would."""
    image.flush()
    signal.signal(number, signal.SIG_DFL)
    carrier.unblock()
    os.kill(os.getpid(), number)
    sys.exit(128 + number)

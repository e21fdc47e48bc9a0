"""Tracebacks cut to the user's own frames: what a fault shows, and what a failing program prints."""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from hotswap.source.model import Fault, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

OURS: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
HOLDING: Final = os.path.join(OURS, "session", "holding.py")
"""Where the main thread waits during a swap beside it."""


@cache
def _foreign() -> tuple[str, ...]:
    """Give the directories of the standard library and of installed packages."""
    import sysconfig

    paths = sysconfig.get_paths()
    wanted = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {os.path.realpath(paths[name]) + os.sep for name in wanted}
    found |= {paths[name] + os.sep for name in wanted}
    return tuple(found)


def is_users(path: str) -> bool:
    """Say whether a code file is the user's own: not the standard library's, an installed package's, or ours."""
    if path.startswith(("<", OURS)):
        return False
    return not path.startswith(_foreign()) and f"{os.sep}site-packages{os.sep}" not in path


def walk(tb: TracebackType | None) -> Iterator[TracebackType]:
    """Give the entries of a traceback, outermost first."""
    while tb is not None:
        yield tb
        tb = tb.tb_next


def user_frames(tb: TracebackType | None) -> tuple[Frame, ...]:
    """Give the user's frames of `tb`, outermost first; all but ours when none is the user's."""
    import linecache

    everything = [
        Frame(
            path=entry.tb_frame.f_code.co_filename,
            line=entry.tb_lineno,
            function=entry.tb_frame.f_code.co_qualname,
            text=linecache.getline(entry.tb_frame.f_code.co_filename, entry.tb_lineno).strip(),
        )
        for entry in walk(tb)
    ]
    mine = tuple(frame for frame in everything if is_users(frame.path))
    return mine or tuple(frame for frame in everything if not frame.path.startswith(("<", OURS)))


def fault_of(error: BaseException, *, code: str, title: str, hint: str = "") -> Fault:
    """Describe an exception of the user's code; a file that does not compile keeps its own code (HS101, HS103)."""
    if isinstance(error, SyntaxError) and error.filename:
        from hotswap.source.faults import syntax_fault

        return syntax_fault(error, error.filename)
    frames = user_frames(error.__traceback__)
    last = frames[-1] if frames else None
    name = type(error).__qualname__
    return Fault(
        code=code,
        title=title,
        message=f"{name}: {error}" if str(error) else name,
        path=last.path if last else "",
        line=last.line if last else 0,
        text=last.text if last else "",
        frames=frames,
        hint=hint,
    )


def without_ours(error: BaseException) -> None:
    """Cut our own frames off the traceback of `error`, in place, and off all that it came from.

    The import machinery's go where they lead. What raised stays, be it ours: it is where the error is. But for the
    place where the main thread is held during a swap: Ctrl+C comes there as it may come anywhere.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = _without_ours(one.__traceback__)
        waiting += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def _without_ours(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and _file(tb).startswith((OURS, "<frozen ")):
        tb = tb.tb_next
    for entry in walk(tb):
        if entry.tb_next is not None and _file(entry.tb_next) == HOLDING:
            entry.tb_next = None
    theirs = [entry for entry in walk(tb) if not _file(entry).startswith(OURS)]
    for entry, following in pairwise(theirs):
        entry.tb_next = following
    return tb


def _file(entry: TracebackType) -> str:
    return entry.tb_frame.f_code.co_filename


def leave_out_of(*loggers: str) -> None:
    """Keep our frames out of the tracebacks that these loggers write. Idempotent."""
    for name in loggers:
        logging.getLogger(name).addFilter(_cut_record)


def _cut_record(record: logging.LogRecord) -> bool:
    """Cut our frames off a record's traceback, unless it is all there is: then the error is ours."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None and any(
        not _file(one).startswith(OURS) for one in walk(error.__traceback__)
    ):
        without_ours(error)
        record.exc_info = (type(error), error, error.__traceback__)
    return True


def print_like_python(error: BaseException) -> None:
    """Report what ends the program through ``sys.excepthook``, as the interpreter does, without our frames."""
    without_ours(error)
    sys.excepthook(type(error), error, error.__traceback__)

"""The process image: what starts again, with which arguments and environment, and execve itself."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from hotswap.handover import carrier, inherited

if TYPE_CHECKING:
    from collections.abc import Iterable

DELETED = " (deleted)"


def arguments() -> tuple[str, list[str]]:
    """Give executable and argv that start this program again, interpreter flags included.

    ``sys.executable``, not ``/proc/self/exe``: in a virtual environment that is the base interpreter. When the binary
    was replaced the path still is the right one. Raises OSError when there is no interpreter.
    """
    executable = sys.executable or ""
    if not os.access(executable, os.X_OK):
        with contextlib.suppress(OSError):
            executable = os.readlink("/proc/self/exe").removesuffix(DELETED)
    if not executable or not os.access(executable, os.X_OK):
        raise FileNotFoundError(2, "the Python interpreter is gone", sys.executable)
    return executable, list(sys.orig_argv)


def environment(fd: int, crashes: int = 0) -> dict[str, str]:
    """Give the environment as the program has it now, with the carrier's number."""
    plain = {name: value for name, value in os.environ.items() if name != carrier.CRASHES}
    plain[carrier.VARIABLE] = str(fd)
    if crashes:
        plain[carrier.CRASHES] = str(crashes)
    return plain


def check_directory() -> None:
    """Raise FileNotFoundError when the working directory was deleted: the new image could not import from it."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise FileNotFoundError(2, "the working directory was deleted") from error


def flush() -> None:
    """Write out what is buffered: execve skips ``atexit`` and logging's shutdown."""
    for reference in list(logging._handlerList):  # type: ignore[attr-defined]
        handler = reference()
        if handler is not None:
            with contextlib.suppress(OSError, ValueError):
                handler.flush()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def replace(fd: int, descriptors: Iterable[int], crashes: int = 0) -> None:
    """Execute this program anew with the carrier `fd`; signals are held from here on. Raises OSError and goes on."""
    executable, argv = arguments()
    strangers = inherited.strangers()
    _let_cross((fd, *descriptors), strangers)
    carrier.hold_signals()
    try:
        os.execve(executable, argv, environment(fd, crashes))  # noqa: S606
    except BaseException:
        carrier.unblock()
        _let_cross(strangers, (fd, *descriptors))
        raise


def _let_cross(ours: Iterable[int], others: Iterable[int]) -> None:
    """Let some descriptors cross execve, and others not."""
    for each in others:
        with contextlib.suppress(OSError):  # a thread of the program has closed it meanwhile
            os.set_inheritable(each, False)
    for each in ours:
        os.set_inheritable(each, True)

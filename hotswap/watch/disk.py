"""The operating system as the watcher sees it: one small record, so that tests can lie."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    import fcntl
    import signal
except ImportError:  # Windows has neither leases nor inotify
    fcntl = None  # type: ignore[assignment]


class Sign(NamedTuple):
    """What ``stat`` says of a path; a content written anew changes at least one of these.

    A tuple, since polling makes thousands: 0.4 us instead of a frozen dataclass's 1.2.
    """

    mtime_ns: int
    size: int
    inode: int
    ctime_ns: int = 0
    directory: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a directory."""

    name: str
    directory: bool
    link: bool = False


def sign(path: str) -> Sign | None:
    """Give the sign of what `path` leads to, None when there is nothing or it cannot be reached."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return Sign(
        found.st_mtime_ns,
        found.st_size,
        found.st_ino,
        found.st_ctime_ns,
        stat.S_ISDIR(found.st_mode),
    )


def link(path: str) -> str | None:
    """Give what the symbolic link `path` says, None when it is none."""
    try:
        return os.readlink(path)
    except (OSError, ValueError):
        return None


def entries(path: str) -> tuple[Entry, ...]:
    """List a directory; an unreadable or missing one is empty."""
    try:
        with os.scandir(path) as found:
            return tuple(Entry(e.name, e.is_dir(), e.is_symlink()) for e in found)
    except OSError:
        return ()


def readable(path: str) -> bool:
    """Say whether a directory may be listed: inotify refuses what may not, and watchdog keeps silent about it."""
    return os.access(path, os.R_OK | os.X_OK)


def being_written(path: str) -> bool | None:
    """Say whether anyone holds the file open for writing; None where the system cannot tell.

    A read lease is granted only while nobody has the file open for writing (fcntl(2), F_SETLEASE); it is given
    back at once. Should a writer come within these microseconds it waits for us, and the kernel would send SIGIO,
    which kills: the signal is changed to SIGURG, which is ignored unless asked for. Costs about 5 us.
    """
    if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        # EACCES: somebody else's file; EINVAL: a file system without leases
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(fd)
    return False


def mounts() -> str:
    """Give the text of /proc/self/mounts, empty where there is none."""
    with (
        contextlib.suppress(OSError),
        open("/proc/self/mounts", encoding="utf-8", errors="replace") as file,
    ):
        return file.read()
    return ""


@dataclass(frozen=True, slots=True)
class Disk:
    """The calls the watcher makes. Tests replace single ones."""

    sign: Callable[[str], Sign | None] = sign
    link: Callable[[str], str | None] = link
    entries: Callable[[str], tuple[Entry, ...]] = entries
    readable: Callable[[str], bool] = readable
    being_written: Callable[[str], bool | None] = being_written
    mounts: Callable[[], str] = mounts
    wall_ns: Callable[[], int] = time.time_ns
    """Compared with modification times only, never a duration's start."""

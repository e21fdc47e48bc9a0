"""What the system reports by itself, through watchdog. The only file that imports it.

watchdog's threads do nothing but hand over plain `Event` values.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

logger = logging.getLogger("hotswap.watch")

PAIRING: Final = 0.005
"""Seconds watchdog holds back one half of a rename to find the other: 0.5 by default. Both halves come from one
rename(2) and stand next to each other in the inotify queue. Seen here: 501 ms -> 5 ms."""

EventKind = Literal["closed", "created", "modified", "deleted", "moved", "overflow"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event that may matter. `dest` is where a rename led."""

    kind: EventKind
    path: str
    directory: bool = False
    dest: str = ""


class Handler:
    """What watchdog calls; compares events by type name, so that types newer than we know are ignored.

    watchdog 7 also reports opening and closing without writing, which our own reading causes: those have other names.
    """

    __slots__ = ("_post",)

    _KINDS: Final[dict[str, EventKind]] = {
        "FileClosedEvent": "closed",
        "FileCreatedEvent": "created",
        "FileDeletedEvent": "deleted",
        "FileMovedEvent": "moved",
        "DirCreatedEvent": "created",
        "DirDeletedEvent": "deleted",
        "DirMovedEvent": "moved",
        # Only systems that do not report the closing need it; there the filter lets it through.
        "FileModifiedEvent": "modified",
    }

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post

    def dispatch(self, event: FileSystemEvent) -> None:
        """Hand one event over."""
        kind = self._KINDS.get(type(event).__name__)
        if kind is not None:
            self._post(
                Event(
                    kind,
                    os.fsdecode(event.src_path),
                    event.is_directory,
                    os.fsdecode(event.dest_path or ""),
                )
            )


class Overflow(logging.Handler):
    """Hears when the kernel dropped events: watchdog 7 only logs it (``InotifyFD.handle_event``)."""

    LOGGER: Final = "watchdog.observers.inotify_c"

    def __init__(self, post: Callable[[Event], None]) -> None:
        super().__init__(logging.WARNING)
        self._post = post

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on that anything may have changed."""
        if "overflow" in record.getMessage():
            self._post(Event("overflow", ""))


EMITTER: Final = "watchdog.observers.inotify"
"""The logger of watchdog's threads."""


def is_news(record: logging.LogRecord) -> bool:
    """Tell watchdog 7's word about a thread that ends while it reads, an error to it, from what may matter.

    It would be the last line of a program that has ended: nobody has set up logging there, so it goes to stderr.
    """
    return "thread is inactive" not in record.getMessage()


class Kernel:
    """Non-recursive watches on directories.

    Args:
        post: Called on a watchdog thread with each event.
        factory: Makes the observer; tests put in one that fails.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        factory: Callable[[Handler], BaseObserver] | None = None,
    ) -> None:
        self._handler: Any = Handler(post)
        self._factory = factory or observer
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch] = {}
        self._overflow = Overflow(post)

    @property
    def directories(self) -> frozenset[str]:
        """The directories that are watched."""
        return frozenset(self._watches)

    def add(self, directory: str) -> None:
        """Watch a directory.

        Raises:
            OSError: The system refuses; `explain` tells why.
        """
        if directory in self._watches:
            return
        if self._observer is None:
            shorten_pairing()
            made = self._factory(self._handler)
            made.start()
            self._observer = made
            logging.getLogger(Overflow.LOGGER).addHandler(self._overflow)
            logging.getLogger(EMITTER).addFilter(is_news)
        try:
            self._watches[directory] = self._observer.schedule(
                self._handler, directory, recursive=False, event_filter=_filter()
            )
        except RuntimeError as error:  # "can't start new thread"
            raise OSError(errno.EAGAIN, str(error)) from error

    def drop(self, directory: str) -> None:
        """Forget a directory, there or not."""
        watch = self._watches.pop(directory, None)
        if watch is None or self._observer is None:
            return
        try:
            self._observer.unschedule(watch)
        except (KeyError, OSError) as error:  # its watch went with the directory
            logger.debug("dropping the watch on %s: %r", directory, error)

    def stop(self) -> None:
        """End watchdog's threads."""
        running, self._observer = self._observer, None
        self._watches.clear()
        logging.getLogger(Overflow.LOGGER).removeHandler(self._overflow)
        if running is not None:
            running.stop()
            running.join(1.0)


def observer(handler: Handler) -> BaseObserver:
    """Give this system's observer, with a dispatcher that holds no lock while it hands events over.

    watchdog's own holds the lock that `schedule` needs: the loop's thread, watching one directory more, and the
    dispatcher, waking that loop, waited for each other (seen with the demo).
    """
    from watchdog.observers import Observer
    from watchdog.observers.api import EventDispatcher

    base: Any = Observer

    class Lockless(base):  # type: ignore[misc]
        def dispatch_events(self, event_queue: Any) -> None:
            entry = event_queue.get(block=True)
            if entry is not EventDispatcher.stop_event:
                handler.dispatch(entry[0])
            event_queue.task_done()

    made: BaseObserver = Lockless()
    made.name = "hotswap-watch"
    return made


def _filter() -> list[type[FileSystemEvent]]:
    """Ask for what is acted upon only; inotify then does not even wake us for reads and single writes."""
    from watchdog import events

    wanted: list[type[FileSystemEvent]] = [
        events.FileCreatedEvent,
        events.FileDeletedEvent,
        events.FileMovedEvent,
        events.DirCreatedEvent,
        events.DirDeletedEvent,
        events.DirMovedEvent,
    ]
    return [*wanted, events.FileClosedEvent if reports_closing() else events.FileModifiedEvent]


def reports_closing() -> bool:
    """Say whether the system tells when a written file is closed: inotify does."""
    return sys.platform.startswith("linux")


def shorten_pairing() -> bool:
    """Set the one class attribute that holds watchdog's delay; False when this watchdog has none we know.

    ``InotifyMoveEventGrouper.delay`` since watchdog 7, ``InotifyBuffer.delay`` before (tests/unit/test_watch_kernel.py
    is the contract). Without it a file that is renamed away is noticed half a second late; nothing else changes.
    """
    for module, name in (
        ("watchdog.observers.inotify_move_event_grouper", "InotifyMoveEventGrouper"),
        ("watchdog.observers.inotify_buffer", "InotifyBuffer"),
    ):
        try:
            owner: Any = getattr(__import__(module, fromlist=[name]), name)
        except (ImportError, AttributeError, OSError):
            continue
        if isinstance(getattr(owner, "delay", None), int | float):
            owner.delay = PAIRING
            return True
    return False


def explain(error: OSError, directory: str) -> Fault:
    """Say why a directory cannot be watched, and the command that mends it."""
    if error.errno == errno.ENOSPC:
        limit = _limit("max_user_watches", 8192)
        return Fault(
            code="HS501",
            title="the inotify watch table is full",
            message=f"all {limit} inotify watches of this user are taken, often by editors, sync tools and other "
            f"watchers that watch whole trees; {directory} is polled instead",
            path=directory,
            hint=f"sudo sysctl fs.inotify.max_user_watches={max(524288, limit * 2)}   "
            "(lasting: a line in /etc/sysctl.d/60-inotify.conf)",
        )
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        if _descriptors_left():
            limit = _limit("max_user_instances", 128)
            return Fault(
                code="HS502",
                title="no inotify instance is left",
                message=f"all {limit} inotify instances of this user are taken by running programs; {directory} is "
                "polled instead",
                path=directory,
                hint=f"sudo sysctl fs.inotify.max_user_instances={max(1024, limit * 2)}",
            )
        return Fault(
            code="HS503",
            title="too many open files",
            message=f"this process may not open another file; {directory} is polled instead",
            path=directory,
            hint=f"ulimit -n {_open_files() * 4}   (before starting hotswap)",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Fault(
            code="HS504",
            title="unreadable directory",
            message=f"{directory} may not be listed by this user; the files known in it are polled instead",
            path=directory,
            hint=f"chmod u+rx {directory}",
        )
    return Fault(
        code="HS505",
        title="cannot watch a directory",
        message=f"{error.strerror or error}; {directory} is polled instead",
        path=directory,
        hint="check the disk and its mount" if error.errno == errno.EIO else "",
    )


def _limit(name: str, default: int) -> int:
    try:
        with open(f"/proc/sys/fs/inotify/{name}", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return default


def _descriptors_left() -> bool:
    """Say whether this process may open as many files as an observer needs: inotify's own and two of a pipe."""
    opened: list[int] = []
    try:
        opened.extend(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(4))
    except OSError:
        return False
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True


def _open_files() -> int:
    try:
        import resource
    except ImportError:
        return 1024
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

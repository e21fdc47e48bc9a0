"""Looking again and again, where the system does not report changes: only at files that are tracked or included."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from hotswap.watch.places import ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.watch.disk import Disk, Sign

logger = logging.getLogger("hotswap.watch")

INTERVAL: Final = 0.25
SHARE: Final = 250
"""A round is followed by a rest at least this many times as long: at most 0.4 % of one core."""


class Rounds:
    """Signs of files and directories, compared with those of the round before. No clock, no thread."""

    def __init__(self, disk: Disk, interesting: Callable[[str], bool]) -> None:
        self._disk = disk
        self._interesting = interesting
        self._files: dict[str, Sign | None] = {}
        self._directories: dict[str, Sign | None] = {}

    def __bool__(self) -> bool:
        return bool(self._files or self._directories)

    def add(self, files: Iterable[str], directories: Iterable[str]) -> None:
        """Look at these too; what they are now is the state to compare with."""
        for path in files:
            if path not in self._files:
                self._files[path] = self._disk.sign(path)
        for path in directories:
            if path not in self._directories:
                self._directories[path] = self._disk.sign(path)
                for name in self._names(path):
                    self._files.setdefault(name, self._disk.sign(name))

    def drop(self, directory: str) -> None:
        """Stop looking at a directory and what is directly in it."""
        self._directories.pop(directory, None)
        for path in [path for path in self._files if os.path.dirname(path) == directory]:
            del self._files[path]

    def look(self) -> list[tuple[str, bool]]:
        """Give ``(path, there)`` of everything that differs from the last round; new directories too."""
        found = []
        for directory, before in list(self._directories.items()):
            now = self._disk.sign(directory)
            if now != before:
                self._directories[directory] = now
                for entry in self._disk.entries(directory):
                    path = os.path.join(directory, entry.name)
                    if not entry.directory and self._interesting(path):
                        self._files.setdefault(path, None)
                    elif (
                        entry.directory
                        and path not in self._directories
                        and not ignored(entry.name)
                    ):
                        found.append((path, True))
        for path, before in list(self._files.items()):
            now = self._disk.sign(path)
            if now != before:
                self._files[path] = now
                found.append((path, now is not None))
        return found

    def _names(self, directory: str) -> list[str]:
        paths = (
            os.path.join(directory, e.name)
            for e in self._disk.entries(directory)
            if not e.directory
        )
        return [path for path in paths if self._interesting(path)]


class Poller:
    """A thread that makes rounds; started when something must be polled.

    Args:
        post: Called on the poller's thread with ``(path, there)``.
        interval: Seconds between rounds; None: a quarter of a second, more when a round is long.
    """

    def __init__(
        self, rounds: Rounds, post: Callable[[str, bool], None], interval: float | None = None
    ) -> None:
        self._rounds = rounds
        self._post = post
        self._interval = interval
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, files: Iterable[str], directories: Iterable[str]) -> None:
        """Poll these too."""
        with self._lock:
            self._rounds.add(files, directories)
            if self._thread is None and self._rounds and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="hotswap-poll", daemon=True)
                self._thread.start()

    def drop(self, directory: str) -> None:
        """Poll a directory no longer."""
        with self._lock:
            self._rounds.drop(directory)

    def stop(self) -> None:
        """End the thread, if there is one."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(1.0)

    def _run(self) -> None:
        rest = self._interval or INTERVAL
        while not self._stopping.wait(rest):
            begin = time.thread_time()
            with self._lock:
                found = self._rounds.look()
            for path, there in found:
                self._post(path, there)
            if self._interval is None:
                rest = max(INTERVAL, (time.thread_time() - begin) * SHARE)

"""Watches the files a program is made of and gives batches of complete saves."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap.source.model import Fault
from hotswap.watch import kernel, mounts, places
from hotswap.watch.disk import Disk
from hotswap.watch.poll import INTERVAL, Poller, Rounds
from hotswap.watch.settle import Settling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hotswap.watch.settle import Kind

logger = logging.getLogger("hotswap.watch")

MOST_DIRECTORIES: Final = 4096
"""Beyond this somebody included a whole tree by mistake; each directory costs 0.11 ms, 23 kB, a thread."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What `Watcher.take` gives."""

    files: tuple[str, ...] = ()
    """Absolute paths that were completely saved, created or deleted; sorted."""
    again: float | None = None
    """Seconds after which to take again, even when no wake came."""
    problems: tuple[Fault, ...] = ()
    """Why something cannot be watched; told once each. The program runs on."""


class Watcher:
    """Watches the directories of the given files, and gives what was saved there.

    `wake` is called on a foreign thread, once until the next `take`; everything else happens on the caller's thread.

    Args:
        wake: Gets the loop to call `take`.
        poll: Seconds between looks instead of events; None: only where the file system gives no events.
        clock: Monotonic seconds.
        disk: The system's calls.
        observe: Makes what reports events; tests put in one that fails.
    """

    def __init__(
        self,
        *,
        wake: Callable[[], None],
        poll: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        disk: Disk | None = None,
        observe: Callable[[Callable[[kernel.Event], None]], kernel.Kernel] = kernel.Kernel,
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._disk = disk or Disk()
        self._poll = poll
        self._forced = mounts.forced(os.environ)
        self._posted: deque[kernel.Event] = deque()
        self._awake = False
        self._started = False
        self._kernel = observe(self._post)
        self._poller = Poller(Rounds(self._disk, self._interesting), self._post_look, poll)
        self._settling = Settling(self._disk, self._known)
        self._asked: frozenset[str] = frozenset()
        self._files: frozenset[str] = frozenset()  # the same, absolute
        # real directory + name -> the files as they were given
        self._names: dict[str, set[str]] = {}
        self._inside: dict[str, set[str]] = {}  # real directory -> the keys of _names in it
        self._globs = places.Globs()
        self._included: set[str] = set()
        self._wanted: dict[str, None] = {}  # real directories, in the order of watching
        self._polled: dict[str, str] = {}  # real directory -> why
        # real directories with names that were not there at the last call
        self._grown: set[str] = set()
        self._mounts: tuple[mounts.Mount, ...] | None = None
        self._problems: list[Fault] = []
        self._told: set[str] = set()

    @property
    def polling(self) -> str:
        """Why something is polled and how often; empty when all is reported by the system."""
        if not self._polled:
            return ""
        why = ", ".join(dict.fromkeys(self._polled.values()))
        every = f"every {self._poll or INTERVAL:g} s"
        return f"{every}: {why}" if why else every

    @property
    def directories(self) -> tuple[str, ...]:
        """The directories looked at; real paths."""
        return tuple(self._wanted)

    def watch(
        self,
        files: Iterable[str],
        *,
        includes: Sequence[str] = (),
        excludes: Sequence[str] = (),
        roots: Sequence[str] = (),
    ) -> None:
        """Say what is of interest; again whenever the set grew.

        Args:
            files: Tracked files, and data files. Those that do not exist (yet) are waited for.
            includes: Globs or directories that count too; see `places.Globs`.
            excludes: Globs that never count.
            roots: Directories in which every new ``.py`` file and every new directory is of interest.
        """
        roots = tuple(places.trail(root, self._disk)[0] for root in roots)
        globs = places.Globs(tuple(includes), tuple(excludes), roots)
        asked = frozenset(files)
        if asked != self._asked:  # a save seldom brings a file: 2 ms for a thousand paths
            given = frozenset(os.path.abspath(path) for path in asked)
            for path in given - self._files:
                self._trace(path, roots)
            self._asked, self._files = asked, given
        if globs != self._globs:
            self._globs = globs
            self._include()
        for root in roots:
            self._want(root)
        self._settling.git = places.git_directories(
            tuple(dict.fromkeys([*roots, *self._inside])),
            self._disk,
        )
        if self._started:
            self._establish()

    def start(self) -> None:
        """Begin; what cannot be watched becomes a problem of the next `take` and is polled."""
        self._started = True
        self._establish()

    def stop(self) -> None:
        """End all threads. Nothing wakes afterwards."""
        self._started = False
        self._kernel.stop()
        self._poller.stop()

    def take(self) -> Settled:
        """Give the saves that are complete now. Never blocks; costs a few ``stat`` calls a changed file."""
        self._awake = False
        now = self._clock()
        while self._posted:
            self._sort(self._posted.popleft(), now)
        ready, again = self._settling.ready(now)
        problems, self._problems = tuple(self._problems), []
        return Settled(
            tuple(sorted({name for path in ready for name in self._given(path)})), again, problems
        )

    # On the foreign threads.

    def _post(self, event: kernel.Event) -> None:
        if not (
            event.directory
            or event.kind == "overflow"
            or self._interesting(event.path)
            or (event.dest and self._interesting(event.dest))
        ):
            return
        self._posted.append(event)
        if not self._awake and self._started:
            self._awake = True
            try:
                self._wake()
            except RuntimeError as error:  # the loop was closed while the program ends
                logger.debug("nobody to wake: %r", error)

    def _post_look(self, path: str, there: bool) -> None:
        self._post(kernel.Event("modified" if there else "deleted", path))

    def _interesting(self, path: str) -> bool:
        """Say whether a file may count; called for every event, so it only compares names."""
        if path in self._names:
            return not self._globs.excluded(path)
        name = os.path.basename(path)
        if places.TEMPORARY.search(name):
            return False
        if self._globs.included(path):
            return True
        return (
            name.endswith(places.SOURCE_SUFFIXES)
            and bool(places.below(path, self._globs.roots))
            and not self._globs.excluded(path)
        )

    # On the caller's thread.

    def _known(self, path: str) -> bool:
        return path in self._names

    def _given(self, path: str) -> Iterable[str]:
        """Give the names under which a path was given to us; one that was not keeps its own."""
        return self._names.get(path) or (path,)

    def _trace(self, path: str, roots: Sequence[str]) -> None:
        """Learn all places where a change would change the file `path`."""
        real, links = places.trail(path, self._disk)
        self._place(real, path)
        for number, link in enumerate(links):
            # Links far above the project (/tmp, /home) are not what anybody saves.
            if number == len(links) - 1 or places.below(link, roots):
                self._place(link, path)
        directory = os.path.dirname(real)
        # The directories above, up to the root: they tell when one of these goes away and comes back.
        root = places.below(directory, roots)
        while root and directory != root:
            directory = os.path.dirname(directory)
            self._want(directory)

    def _place(self, place: str, path: str) -> None:
        directory = os.path.dirname(place)
        self._names.setdefault(place, set()).add(path)
        self._inside.setdefault(directory, set()).add(place)
        self._grown.add(directory)
        self._want(directory)

    def _want(self, directory: str) -> None:
        self._wanted.setdefault(directory)

    def _include(self) -> None:
        """Want the directories in which included files may be."""
        if not self._globs.includes:
            return
        limit = MOST_DIRECTORIES
        for base in dict.fromkeys(self._globs.bases()):
            sign = self._disk.sign(base)
            if sign is None:
                continue
            for directory in places.walk(
                base if sign.directory else os.path.dirname(base), self._disk, self._globs, limit
            ):
                self._included.add(directory)
                self._want(directory)
                limit -= 1
        if limit <= 0:
            self._tell(
                Fault(
                    code="HS506",
                    title="too many directories to watch",
                    message=f"the included globs reach more than {MOST_DIRECTORIES} directories; not all are watched",
                    hint="make --reload-include narrower, or add --reload-exclude DIRECTORY",
                )
            )

    def _establish(self) -> None:
        """Watch what is wanted and not yet watched; poll what cannot be."""
        watched = self._kernel.directories
        for directory in [path for path in self._wanted if path not in watched]:
            if directory in self._polled:
                if directory in self._grown:
                    self._look_at(directory)
            elif why := self._silent(directory):
                self._polled[directory] = why
                self._look_at(directory)
            else:
                self._add(directory)
        self._grown.clear()

    def _add(self, directory: str) -> None:
        sign = self._disk.sign(directory)
        if sign is None or not sign.directory:
            # Not there (yet): its files are looked for, so that they are found when it comes.
            self._poller.add(self._inside.get(directory, ()), ())
            return
        if not self._disk.readable(directory):
            error = OSError(13, "Permission denied")
        else:
            try:
                self._kernel.add(directory)
                self._poller.drop(directory)
                return
            except OSError as caught:
                error = caught
        fault = kernel.explain(error, directory)
        self._tell(fault)
        self._polled[directory] = fault.title
        self._look_at(directory)

    def _look_at(self, directory: str) -> None:
        self._poller.add(self._inside.get(directory, ()), [directory])

    def _silent(self, directory: str) -> str:
        """Say why a directory must be polled; empty when its changes are reported."""
        if self._poll is not None:
            return "asked for"
        if self._forced:
            return "WATCHFILES_FORCE_POLLING is set"
        if self._mounts is None:
            self._mounts = mounts.parse(self._disk.mounts())
        mount = mounts.mount_of(directory, self._mounts)
        return str(mount) if mount is not None and mount.silent else ""

    def _tell(self, fault: Fault) -> None:
        """Report a problem once a kind: a full table fails for every directory."""
        key = (
            fault.code
            if fault.code in {"HS501", "HS502", "HS503", "HS506"}
            else f"{fault.code} {fault.path}"
        )
        if key not in self._told:
            self._told.add(key)
            self._problems.append(fault)

    def _sort(self, event: kernel.Event, now: float) -> None:
        """Turn one event into what it says about saves."""
        if event.directory:
            if event.kind in {"deleted", "moved"}:
                self._lost(event.path, event.dest, now)
            if event.kind == "created" or event.dest:
                self._found(event.dest or event.path, event.path if event.dest else "", now)
            return
        add = self._settling.add
        if event.kind == "overflow":
            for path in self._names:
                add("changed", path, now)
        elif event.kind == "moved":
            both = self._interesting(event.path) and self._interesting(event.dest)
            self._note("gone", event.path, now, partner=event.dest if both else "")
            self._note("whole", event.dest, now, partner=event.path if both else "")
        elif event.kind == "closed":
            add("whole", event.path, now)
        elif event.kind == "created":
            add("perhaps", event.path, now)
        elif event.kind == "deleted":
            add("gone", event.path, now)
        else:
            sign = self._disk.sign(event.path)
            if sign is not None and sign.directory:
                self._found(event.path, "", now)
            else:
                add("changed", event.path, now)

    def _note(self, kind: Kind, path: str, now: float, *, partner: str) -> None:
        if self._interesting(path):
            self._settling.add(kind, path, now, partner=partner)

    def _lost(self, directory: str, dest: str, now: float) -> None:
        """A directory went away, with all that is in it; renamed, when there is a `dest`."""
        for path in tuple(self._kernel.directories):
            if places.below(path, (directory,)):
                self._kernel.drop(path)
        for path in self._names:
            if path.startswith(directory + os.sep):
                partner = dest + path[len(directory) :] if dest else ""
                self._settling.add("gone", path, now, partner=partner)

    def _found(self, directory: str, source: str, now: float) -> None:
        """A directory appeared: watch it, and see what was put there before we did. `source` was its name before."""
        wanted = directory in self._wanted or any(
            path.startswith(directory + os.sep) for path in self._wanted
        )
        name = os.path.basename(directory)
        if not wanted:
            if places.ignored(name) or self._globs.excluded(directory):
                return
            if (
                not places.below(directory, self._globs.roots)
                and os.path.dirname(directory) not in self._included
            ):
                return
        elif directory in self._names:
            self._settling.add("perhaps", directory, now)
        room = MOST_DIRECTORIES - len(self._wanted)
        for path in places.walk(directory, self._disk, self._globs, room):
            self._want(path)
        self._establish()
        for path in [path for path in self._wanted if places.below(path, (directory,))]:
            for entry in self._disk.entries(path):
                file = os.path.join(path, entry.name)
                if not entry.directory and self._interesting(file):
                    partner = source + file[len(directory) :] if source else ""
                    self._settling.add("perhaps", file, now, partner=partner)

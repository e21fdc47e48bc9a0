"""Several sessions behind one port: one of them, the speaker, reports for all, one line a save.

A session whose listening socket others serve, too (``--fd``, ``LISTEN_FDS``, ``SO_REUSEPORT``), leaves a file named by
its process id in a folder that is this user's alone. Whoever holds the lock there is the speaker; the kernel frees it
when that process ends or executes itself, and the next one with something to report takes it. The others send the
speaker what they have to report, a datagram each. It tells a batch when everybody who is there has reported it, or when
PATIENCE is over.

Nobody depends on the speaker: what cannot be sent is told by whom it befell.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotswap import rundir
from hotswap.console.console import alike
from hotswap.source.model import EVENTS_VERSION, Outcome, Reload, outcome_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

PATIENCE: Final = 1.0
"""Seconds for which the first report of a batch waits for the others; a swap takes a hundredth of that."""
PATIENCE_EXEC: Final = 5.0
"""The same where a save made the processes execute themselves, each as long as its imports take."""
LONGEST: Final = 1 << 18
"""Bytes of a report."""


Report = tuple[Outcome, Mapping[str, int]]
"""An outcome, and the lasting connections that it left untouched, by kind."""


@dataclass(slots=True)
class Round:
    """What has been reported of one batch, by process id."""

    files: tuple[str, ...]
    said: dict[int, Report] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Neighbours:
    """This session among those that serve the same socket.

    Args:
        address: What they have in common: project, and address of the socket.
        loop: The one that reports come from; the speaker listens on it.
        tell: Shows one outcome, the connections kept, and who reports it (``3 processes``).

    Raises:
        OSError: There is no folder for it.
    """

    def __init__(
        self,
        address: str,
        loop: asyncio.AbstractEventLoop,
        *,
        tell: Callable[[Outcome, Mapping[str, int], str], None],
    ) -> None:
        name = hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
        self._folder = os.path.join(rundir.directory(), f"port-{name}")
        self._loop = loop
        self._tell = tell
        self._lock = -1
        self._ears: socket.socket | None = None
        self._rounds: list[Round] = []
        os.makedirs(self._folder, 0o700, exist_ok=True)
        with open(self._path(str(os.getpid())), "wb"):
            pass
        self._begin_to_speak()

    @property
    def speaks(self) -> bool:
        """Whether this session is the one that tells."""
        return self._ears is not None

    def others(self) -> set[int]:
        """Give the process ids of the other sessions; a file that a killed one left behind is removed."""
        found: set[int] = set()
        for name in os.listdir(self._folder):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                os.kill(int(name), 0)
            except ProcessLookupError:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path(name))
            except OSError:
                continue
            else:
                found.add(int(name))
        return found

    def report(self, outcome: Outcome, kept: Mapping[str, int]) -> None:
        """Have an outcome of this session told: by the speaker, with those of the others."""
        if not self.speaks:
            message = {"pid": os.getpid(), "outcome": outcome.as_event(), "kept": dict(kept)}
            if self._send(json.dumps(message, default=str).encode()):
                return
            self._begin_to_speak()
        if self.speaks:
            self._gather(os.getpid(), (outcome, kept))
        else:
            self._tell(outcome, kept, f"pid {os.getpid()}")

    def close(self) -> None:
        """Tell what is left, and be counted no more."""
        self._finish()
        with contextlib.suppress(OSError):
            os.unlink(self._path(str(os.getpid())))
        if self._ears is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._ears.fileno())
            self._ears.close()
            self._ears = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    # -- speaking --------------------------------------------------------------------------------------------------

    def _begin_to_speak(self) -> None:
        """Take the speaker's place if it is free.

        A record lock (fcntl(2)), because one of flock(2) would live on in forked children.
        """
        if self._lock < 0:
            self._lock = os.open(self._path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path("speaker"))
            ears.bind(self._path("speaker"))
            ears.setblocking(False)
            self._loop.add_reader(ears.fileno(), self._hear)
        except (OSError, NotImplementedError):
            ears.close()
            fcntl.lockf(self._lock, fcntl.LOCK_UN)
            return
        self._ears = ears

    def _send(self, words: bytes) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.setblocking(False)
            try:
                mouth.sendto(words, self._path("speaker"))
            except OSError:  # nobody speaks, or is too busy to hear, or the report is too long
                return False
        return True

    def _hear(self) -> None:
        """Take the reports that have come."""
        while self._ears is not None:
            try:
                words = self._ears.recv(LONGEST)
            except OSError:
                return
            message: dict[str, Any] = json.loads(words)
            event = message["outcome"]
            if event.get("v") == EVENTS_VERSION:
                self._gather(message["pid"], (outcome_of(event), message["kept"]))

    def _gather(self, pid: int, report: Report) -> None:
        """Put a report to those of the same batch; each process reports a batch once."""
        outcome = report[0]
        for one in self._rounds:
            if one.files == outcome.files and pid not in one.said:
                break
        else:
            one = Round(outcome.files)
            self._rounds.append(one)
            wait = PATIENCE_EXEC if outcome.reload is not None and outcome.files else PATIENCE
            one.timer = self._loop.call_later(wait, self._conclude, one)
        one.said[pid] = report
        if self.others() <= one.said.keys() - {os.getpid()} and os.getpid() in one.said:
            self._conclude(one)

    def _conclude(self, one: Round) -> None:
        """Tell a batch: in one report where all say the same, in as many as there are verdicts otherwise."""
        if one not in self._rounds:
            return
        self._rounds.remove(one)
        if one.timer is not None:
            one.timer.cancel()
        here = self.others() | {os.getpid()}
        groups: dict[object, list[int]] = {}
        for pid, (outcome, _) in one.said.items():
            groups.setdefault(alike(outcome), []).append(pid)
        for pids in groups.values():
            reports = [one.said[pid] for pid in pids]
            kept: dict[str, int] = {}
            for _, more in reports:
                _add(kept, more)
            self._tell(together([outcome for outcome, _ in reports]), kept, _who(pids, here))

    def _finish(self) -> None:
        for one in list(self._rounds):
            self._conclude(one)


def _who(pids: list[int], here: set[int]) -> str:
    """Say who reports: nothing needs to be said of one that is alone."""
    if here == set(pids):
        return f"{len(pids)} processes" if len(pids) > 1 else ""
    return f"pid {pids[0]}" if len(pids) == 1 else f"{len(pids)} of {len(here)} processes"


def together(outcomes: list[Outcome]) -> Outcome:
    """Make one outcome of those of several processes that say the same; what they count is added up."""
    first = outcomes[0]
    stale: dict[object, Any] = {}
    for each in outcomes:
        for row in each.stale:
            key = dataclasses.replace(row, count=1)
            known = stale.get(key)
            stale[key] = dataclasses.replace(row, count=row.count + (known.count if known else 0))
    reloads = [each.reload for each in outcomes if each.reload is not None]
    return dataclasses.replace(
        first,
        ms=max(each.ms for each in outcomes),
        stale=tuple(stale.values()),
        notes=tuple(dict.fromkeys(note for each in outcomes for note in each.notes)),
        reload=_added(reloads) if reloads else None,
    )


def _added(reloads: list[Reload]) -> Reload:
    kept: dict[str, int] = {}
    for each in reloads:
        _add(kept, each.kept)
    # one socket, however many serve it
    if any("listener" in each.kept for each in reloads):
        kept["listener"] = max(each.kept.get("listener", 0) for each in reloads)
    return Reload(
        kept=kept,
        lost=tuple(dict.fromkeys(lost for each in reloads for lost in each.lost)),
        restarted=sum(each.restarted for each in reloads),
        state_bytes=sum(each.state_bytes for each in reloads),
        blackout_ms=max(each.blackout_ms for each in reloads),
    )


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for kind, number in more.items():
        total[kind] = total.get(kind, 0) + number


def shared(listeners: Iterable[socket.socket], *, given: bool) -> str:
    """Give the address of the first listening socket that other processes may serve, too; ``""`` when there is none.

    Args:
        listeners: The open ones.
        given: They were handed to this process, which did not open them itself.
    """
    for each in listeners:
        reuse = getattr(socket, "SO_REUSEPORT", None)
        try:
            if given or (reuse and each.getsockopt(socket.SOL_SOCKET, reuse)):
                return str(each.getsockname())
        except OSError:
            continue
    return ""

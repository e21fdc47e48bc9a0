"""Questions to a running session, from the same user on the same machine.

Each session listens on a Unix socket named after user and process: abstract on Linux (nothing on disk, gone with the
process; unix(7)), a 0600 file in a 0700 directory elsewhere. A question is one JSON line, the answer another.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from hotswap import rundir

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Question = Callable[[list[str], Callable[["Answer"], None]], None]

Answer = dict[str, Any]

ABSTRACT: Final = sys.platform.startswith("linux")
LONGEST: Final = 1 << 20
"""Bytes of a question."""
CARRIED: Final = "HOTSWAP_CARRIED_FD"
"""The variable of `hotswap.handover.carrier`, which asking must not import."""
RELOAD: Final = 120.0
"""Seconds that `reload` waits for a verdict."""


def address(pid: int) -> str:
    """Give where the session of process `pid` listens."""
    if ABSTRACT:
        return f"\0hotswap-{os.getuid()}-{pid}"
    return os.path.join(rundir.directory(), f"{pid}.sock")


def sessions() -> list[int]:
    """Give the process ids of this user's sessions."""
    if not ABSTRACT:
        names = os.listdir(rundir.directory())
        return sorted(int(name[:-5]) for name in names if re.fullmatch(r"\d+\.sock", name))
    pattern = re.compile(rf"@hotswap-{os.getuid()}-(\d+)$", re.MULTILINE)
    try:
        with open("/proc/net/unix") as file:
            return sorted({int(pid) for pid in pattern.findall(file.read())})
    except OSError:
        return []


def between_images() -> list[tuple[int, str]]:
    """Give process id and directory of this user's programs that were executed anew, a session or not (Linux).

    Their environment tells, as it was at execve (proc(5)). One that has no session is on its way to one, or parked.
    """
    mark = f"\0{CARRIED}=".encode()
    found = []
    for name in os.listdir("/proc") if ABSTRACT else ():
        if not name.isdecimal():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark in b"\0" + file.read():
                    found.append((int(name), os.readlink(f"/proc/{name}/cwd")))
        except OSError:  # it has gone, or is somebody else's
            continue
    return found


class Control:
    """Answers questions on the program's loop, between its callbacks; no task of ours is among the program's.

    Args:
        questions: By name: ``status``, ``explain FILE ...``, ``reload``. Each gets the further words, and what to
            call with the answer, now or later.
    """

    def __init__(self, questions: Mapping[str, Question]) -> None:
        self._questions = questions
        self._listener: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._askers: dict[socket.socket, bytearray] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen; a second session in one process has no place of its own, and does without."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            place = address(os.getpid())
            if not ABSTRACT:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(place)
            listener.bind(place)
            if not ABSTRACT:
                os.chmod(place, 0o600)
            listener.listen(8)
            listener.setblocking(False)
            loop.add_reader(listener.fileno(), self._accept)
        except (OSError, NotImplementedError):
            listener.close()
            return
        self._listener, self._loop = listener, loop

    def stop(self) -> None:
        """Listen no more. Works on a loop that is closed, too."""
        if self._listener is None:
            return
        for asker in list(self._askers):
            self._forget(asker)
        self._unwatch(self._listener)
        self._listener.close()
        self._listener = None
        if not ABSTRACT:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(address(os.getpid()))

    def _accept(self) -> None:
        if self._listener is None or self._loop is None:
            return
        try:
            asker, _ = self._listener.accept()
        except OSError:
            return
        asker.setblocking(False)
        if not _is_ours(asker):
            asker.close()
            return
        self._askers[asker] = bytearray()
        self._loop.add_reader(asker.fileno(), self._read, asker)

    def _read(self, asker: socket.socket) -> None:
        question = self._askers[asker]
        try:
            more = asker.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        question += more
        if not more or len(question) > LONGEST:
            self._forget(asker)
            return
        if not question.endswith(b"\n"):
            return
        self._unwatch(asker)

        def answered(answer: Answer) -> None:
            with contextlib.suppress(OSError):
                asker.setblocking(True)
                asker.settimeout(1.0)
                asker.sendall(json.dumps(answer, default=str).encode() + b"\n")
            self._forget(asker)

        try:
            name, *words = json.loads(question)
            self._questions[name](words, answered)
        except (ValueError, KeyError, TypeError) as error:
            answered({"error": f"no such question: {error!r}"})

    def _forget(self, asker: socket.socket) -> None:
        if self._askers.pop(asker, None) is not None:
            self._unwatch(asker)
            asker.close()

    def _unwatch(self, one: socket.socket) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(one.fileno())


def query(pid: int, question: list[str], timeout: float = 10.0) -> Answer | None:
    """Ask one session; None when it is gone, or leaves before it answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asker:
        asker.settimeout(timeout)
        try:
            asker.connect(address(pid))
            asker.sendall(json.dumps(question).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = asker.recv(65536)
                if not more:
                    return None
                answer += more
        except OSError:
            return None
    found: Answer = json.loads(answer)
    return found


def answers(question: list[str]) -> Iterator[tuple[int, Answer]]:
    """Ask every session of this user."""
    for pid in sessions():
        answer = query(pid, question)
        if answer is not None:
            yield pid, answer


def near(found: Iterable[tuple[int, Answer]], here: str) -> list[tuple[int, Answer]]:
    """Give the sessions of this directory, or of one above or below it."""
    return [
        (pid, status)
        for pid, status in found
        if _related(os.path.realpath(here), os.path.realpath(str(status.get("root", ""))))
    ]


def reload(pid: int) -> Answer:
    """Make a session reload by exec, and wait until the new image serves or the reload was refused.

    The answer has ``verdict``: ``reloaded``, ``refused`` (with ``reason`` and ``fault``), or ``lost``.
    """
    before = query(pid, ["status"]) or {}
    refused = query(pid, ["reload"], RELOAD)
    if refused is not None:
        return {**refused, "pid": pid, "verdict": "refused"}
    deadline = time.monotonic() + RELOAD
    pause = 0.02
    while time.monotonic() < deadline:
        status = query(pid, ["status"])
        if status is not None and status.get("image") != before.get("image"):
            return {**status, "pid": pid, "verdict": "reloaded"}
        try:
            os.kill(pid, 0)
        except OSError:
            break
        _nap(pause)
        pause = min(pause * 1.5, 0.5)
    return {"pid": pid, "verdict": "lost", "reason": "the process is gone or does not answer"}


def awaited(here: str, seconds: float) -> list[tuple[int, Answer]]:
    """Give the sessions of this directory; wait for one that leaves one image for the next, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = near(answers(["status"]), here)
        if found or not on_the_way(here) or time.monotonic() >= deadline:
            return found
        _nap(0.05)


def on_the_way(here: str) -> list[int]:
    """Give the programs of this directory that are between two images, or whose new image cannot start."""
    running = set(sessions())
    away = [(pid, root) for pid, root in between_images() if pid not in running]
    return [pid for pid, _ in near([(pid, {"root": root}) for pid, root in away], here)]


def _nap(seconds: float) -> None:
    import select

    select.select([], [], [], seconds)


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(other + os.sep) or other.startswith(one + os.sep)


def _is_ours(asker: socket.socket) -> bool:
    """Check that the other end is this user, or root: abstract names have no permissions (unix(7), SO_PEERCRED)."""
    if not ABSTRACT:
        return True  # the directory is ours alone
    _, user, _ = struct.unpack("3i", asker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return user in {os.getuid(), 0}

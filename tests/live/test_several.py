"""Several sessions on one inherited socket: each swaps itself on the same save, and keeps the socket over an exec."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import hotswap
from hotswap.testing import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Project

    Session = subprocess.Popen[str]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="descriptors are inherited on POSIX"),
]

APP = """
    import os

    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/")
    def home():
        return [os.getpid(), "one"]
"""


def sessions(project: Project, number: int, *options: str) -> tuple[int, list[Session]]:
    """Start sessions on one socket; give its port, and them."""
    environment = {**os.environ, "PYTHONPATH": str(Path(hotswap.__file__).parents[1])}
    output = subprocess.PIPE if "--json" in options else subprocess.DEVNULL
    errors = subprocess.DEVNULL if "--json" in options else subprocess.PIPE
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fd, port = listening.fileno(), listening.getsockname()[1]
        command = [sys.executable, "-m", "hotswap", *options, "--fd", str(fd), "main:app"]
        return port, [
            subprocess.Popen(
                command,
                cwd=project.root,
                env=environment,
                pass_fds=[fd],
                stdout=output,
                stderr=errors,
                text=True,
            )
            for _ in range(number)
        ]


def end(processes: list[Session]) -> None:
    for process in processes:
        process.terminate()
        process.send_signal(signal.SIGCONT)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


class Told:
    """What several sessions say on stderr, line by line as it comes."""

    def __init__(self, processes: list[Session]) -> None:
        self.lines: list[tuple[int, str]] = []
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(each,), daemon=True) for each in processes
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, process: Session) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self._news:
                self.lines.append((process.pid, line.rstrip()))
                self._news.notify_all()

    def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until what was said is enough."""
        with self._news:
            assert self._news.wait_for(wanted, DEADLINE), self.lines

    def join(self) -> None:
        for reader in self._readers:
            reader.join(DEADLINE)


def until(process: subprocess.Popen[str], verdict: str) -> None:
    """Read events until one is of this kind."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and verdict in json.loads(line).values():
            return
    pytest.fail(f"no {verdict} of {process.pid}")


def test_two_sessions_share_a_socket(project: Project) -> None:
    project.write(main=APP)
    port, processes = sessions(project, 2, "--json")
    pids = {process.pid for process in processes}

    def answers() -> tuple[set[int], set[str]]:
        """Ask each while the other one is stopped: the kernel hands connections to whoever accepts first."""
        who: set[int] = set()
        words: set[str] = set()
        for stopped in processes:
            stopped.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, stopped.pid, os.WSTOPPED)
            with urlopen(f"http://127.0.0.1:{port}/") as answer:
                pid, word = json.load(answer)
            stopped.send_signal(signal.SIGCONT)
            who.add(pid)
            words.add(word)
        return who, words

    try:
        for process in processes:
            until(process, "started")
        assert answers() == (pids, {"one"})
        project.write(main=APP.replace('"one"', '"two"'))
        for process in processes:
            until(process, "swapped")
        assert answers() == (pids, {"two"})
        for process in processes:
            process.send_signal(signal.SIGUSR1)
        for process in processes:
            until(process, "reloaded")
        assert answers() == (pids, {"two"})
    finally:
        end(processes)


def reports(lines: list[tuple[int, str]], headline: str) -> tuple[int, set[str]]:
    """Give how many processes reported `headline` by now, and in which words."""
    found = [line.rpartition("   ")[2] for _, line in lines if headline in line]
    one = sum(1 for words in found if words.startswith("pid "))
    return one + sum(int(words[0]) for words in found if words.endswith("processes")), set(found)


def test_one_of_them_reports_for_all(project: Project) -> None:
    project.write(main=APP)
    _, processes = sessions(project, 3, "--no-access-log")
    told = Told(processes)

    def save(word: str, headline: str, everybody: int) -> tuple[set[str], set[int]]:
        """Save; give in which words it was reported until everybody's report had come, and by whom."""
        since = len(told.lines)
        project.write(main=APP.replace('"one"', word))
        told.until(lambda: reports(told.lines[since:], headline)[0] >= everybody)
        by = {pid for pid, line in told.lines[since:] if headline in line}
        return reports(told.lines[since:], headline)[1], by

    def gathered(word: str, headline: str, everybody: int) -> set[int]:
        """Save until all were told in one line, and give who told it; on a busy machine one may be late."""
        for number in range(6):
            words, by = save(
                word + str(number) + ('"' if headline == "patched" else ""), headline, everybody
            )
            if words == {f"{everybody} processes"}:
                return by
        raise AssertionError(told.lines)

    try:
        told.until(lambda: sum(", too" in line for _, line in told.lines) == 2)
        told.until(lambda: any("watching 1 module" in line for _, line in told.lines))
        speaker = next(pid for pid, line in told.lines if "watching 1 module" in line)
        assert gathered('"two', "patched", 3) == {speaker}
        assert gathered('"three', "HS101", 3) == {speaker}

        gone = next(each for each in processes if each.pid == speaker)
        gone.terminate()
        gone.wait()
        gathered('"four', "patched", 2)

        # one alone is asked to reload; it tells who it is
        left = [each for each in processes if each is not gone]
        left[0].send_signal(signal.SIGUSR1)
        told.until(lambda: any("exec reload in" in line for _, line in told.lines))
        (line,) = [line for _, line in told.lines if "exec reload in" in line]
        assert line.endswith(f"pid {left[0].pid}")
        gathered('"five', "patched", 2)
    finally:
        end(processes)
        told.join()


def test_under_gunicorn_as_documented(project: Project) -> None:
    pytest.importorskip("gunicorn")
    page = Path(__file__).parents[2] / "docs" / "how-to" / "several-processes.md"
    (settings,) = re.findall(
        r"```python\n(# gunicorn.conf.py\n.*?)```", page.read_text(), re.DOTALL
    )
    project.write({"gunicorn.conf.py": settings.replace("workers = 3", "workers = 2")}, main=APP)
    gunicorn = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            "127.0.0.1:0",
            "main:app",
        ],
        cwd=project.root,
        env={
            **os.environ,
            "HOME": str(project.root),  # it has a socket of its own there
            "PYTHONPATH": str(Path(hotswap.__file__).parents[1]),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    told = Told([gunicorn])
    try:
        told.until(lambda: any(line.endswith(", too") for _, line in told.lines))
        told.until(lambda: any("watching 1 module" in line for _, line in told.lines))
        project.write(main=APP.replace('"one"', '"two"'))
        told.until(lambda: reports(told.lines, "patched")[0] == 2)
        gunicorn.send_signal(signal.SIGUSR1)
        told.until(lambda: reports(told.lines, "exec reload")[0] == 2)
    finally:
        gunicorn.terminate()
        code = gunicorn.wait()
        told.join()
        assert gunicorn.stderr is not None
        gunicorn.stderr.close()
    assert code == 0, told.lines

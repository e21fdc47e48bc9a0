"""Several sessions on one inherited socket: each swaps itself on the same save, and keeps the socket over an exec."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import hotswap

if TYPE_CHECKING:
    from hotswap.testing import Project

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


def until(process: subprocess.Popen[str], verdict: str) -> None:
    """Read events until one is of this kind."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and verdict in json.loads(line).values():
            return
    pytest.fail(f"no {verdict} of {process.pid}")


def test_two_sessions_share_a_socket(project: Project) -> None:
    project.write(main=APP)
    environment = {**os.environ, "PYTHONPATH": str(Path(hotswap.__file__).parents[1])}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fd, port = listening.fileno(), listening.getsockname()[1]
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "hotswap", "--json", "--fd", str(fd), "main:app"],
                cwd=project.root,
                env=environment,
                pass_fds=[fd],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _ in range(2)
        ]
    pids = {process.pid for process in processes}

    def answers() -> tuple[set[int], set[str]]:
        """Ask until both have answered: the kernel hands connections to whoever accepts first."""
        who: set[int] = set()
        words: set[str] = set()
        while who != pids:
            with urlopen(f"http://127.0.0.1:{port}/") as answer:
                pid, word = json.load(answer)
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
        for process in processes:
            process.terminate()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

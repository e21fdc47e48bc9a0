"""Under systemd, the other side of whose protocols is played here: sockets, notices, stored descriptors."""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from hotswap.testing import DEADLINE, Live
from tests.handover.support import HTTP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotswap.testing import Project

pytestmark = [pytest.mark.live, pytest.mark.skipif(sys.platform != "linux", reason="systemd")]

APP = """
    from fastapi import FastAPI

    app = FastAPI()
    seen = {"n": 0}


    @app.get("/")
    def index():
        seen["n"] += 1
        return seen
"""

MANAGER = """#!{python}
import os, sys
os.dup2({number}, 3, inheritable=True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="web.socket")
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


class Manager:
    """What systemd does: it holds a socket, starts the service with it, and hears notices."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.folder = folder
        self.running: list[Live] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.stored: list[int] = []
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(str(folder / "notify"))
        self.heard.settimeout(DEADLINE)

    def start(self, number: int) -> Live:
        starter = self.folder / "starter"
        starter.write_text(MANAGER.format(python=sys.executable, number=number))
        starter.chmod(0o755)
        env = {"NOTIFY_SOCKET": str(self.folder / "notify")}
        live = Live(
            "main:app", ("--timeout-keep-alive", "600"), self.project, env, python=str(starter)
        )
        self.running.append(live)
        inheriting = functools.partial(subprocess.Popen, pass_fds=(number,))
        with mock.patch.object(subprocess, "Popen", inheriting):
            live.start(wait=False)
        live.wait(lambda event: event["event"] == "started")
        return live

    def notice(self) -> str:
        """Give the next notice but deposits, which are stored."""
        while True:
            message, fds, _, _ = socket.recv_fds(self.heard, 4000, 4)
            if not message.startswith(b"FDSTORE=1"):
                return message.decode().partition("\n")[0]
            self.stored += fds

    def end(self) -> None:
        for each in self.running:
            each.kill()
        for number in self.stored:
            os.close(number)
        self.listening.close()
        self.heard.close()


@pytest.fixture
def manager(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    project.write(main=APP)
    made = Manager(project, tmp_path_factory.mktemp("systemd"))
    yield made
    made.end()


def test_a_given_socket_is_served_and_the_manager_is_told(manager: Manager) -> None:
    live = manager.start(manager.listening.fileno())
    assert live.port == manager.port
    assert manager.notice() == "READY=1"
    with live.connect() as plug:
        client = HTTP(plug)
        assert client.get("/") == {"n": 1}
        for turn in range(2):
            since = len(live.events)
            live.signal(signal.SIGUSR1)
            assert [manager.notice(), manager.notice()] == ["RELOADING=1", "READY=1"]
            outcome = live.wait(lambda event: event.get("verdict") == "reloaded", since=since)
            assert outcome["reload"]["kept"] == {"listener": 1, "http": 1}
            assert client.get("/") == {"n": turn + 2}
        manager.project.write(main="import nothere\n" + manager.project.read("main.py"))
        live.signal(signal.SIGUSR1)
        assert [manager.notice(), manager.notice()] == ["RELOADING=1", "READY=1"]
        assert client.get("/") == {"n": 4}
    live.stop(signal.SIGTERM)

    assert manager.notice() == "STOPPING=1"


def test_a_stored_socket_outlives_a_crash(manager: Manager) -> None:
    first = manager.start(manager.listening.fileno())
    assert manager.notice() == "READY=1"
    first.signal(signal.SIGUSR1)  # what comes before its notice has been stored
    assert manager.notice() == "RELOADING=1"
    manager.listening.close()
    first.signal(signal.SIGKILL)
    first.ended()
    with socket.create_connection(("127.0.0.1", manager.port), DEADLINE) as plug:  # it queues
        client = HTTP(plug)
        plug.sendall(client.request("/"))
        manager.start(manager.stored[0])
        assert client.answer() == {"n": 1}

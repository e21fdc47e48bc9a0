"""Both sides of systemd's protocol, the other one emulated."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hotswap.handover import systemd


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    plug = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    plug.bind(str(tmp_path / "notify"))
    plug.settimeout(10)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return plug


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert systemd.ready() is False


def test_states_are_told(manager: socket.socket) -> None:
    with manager:
        assert systemd.reloading("saved app.py")
        told = manager.recv(1000).decode().split("\n")
        assert told[0] == "RELOADING=1"
        assert told[1].removeprefix("MONOTONIC_USEC=").isdecimal()
        assert told[2] == "STATUS=saved app.py"
        assert systemd.ready()
        assert manager.recv(1000).decode().split("\n") == ["READY=1", f"MAINPID={os.getpid()}"]
        assert systemd.stopping()
        assert manager.recv(1000) == b"STOPPING=1"


def test_deposits_carry_the_descriptor(manager: socket.socket) -> None:
    near, far = socket.socketpair()
    with manager, near, far:
        assert systemd.deposit("connection", near.fileno())
        message, fds, _, _ = socket.recv_fds(manager, 1000, 4)
        assert message == b"FDSTORE=1\nFDNAME=connection"
        with socket.socket(fileno=fds[0]) as copy:
            copy.send(b"hi")
            assert far.recv(2) == b"hi"
        assert systemd.withdraw("state")
        assert manager.recv(1000) == b"FDSTOREREMOVE=1\nFDNAME=state"


def test_listeners_are_stored_until_the_program_leaves_them(manager: socket.socket) -> None:
    from hotswap.session.service import Service

    with manager, socket.create_server(("127.0.0.1", 0)) as listening:
        service = Service()
        service.deposit([("tcp:127.0.0.1:any port for main.talk", listening)])
        message, fds, _, _ = socket.recv_fds(manager, 1000, 4)
        os.close(fds[0])
        service.withdraw(["tcp:127.0.0.1:any port for main.talk"])
        assert manager.recv(1000) == message.replace(b"FDSTORE=1", b"FDSTOREREMOVE=1")


GIVEN = """
import os, sys
listener, stored = int(sys.argv[1]), int(sys.argv[2])
os.dup2(listener, 103); os.dup2(stored, 104); os.dup2(103, 3); os.dup2(104, 4)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="web:state")
from hotswap.handover import systemd
print(systemd.given())
print(systemd.given(), [name for name in os.environ if name.startswith("LISTEN_")])
"""


def test_passed_sockets_are_named_as_listeners_are() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as stored:
        port = listening.getsockname()[1]
        given = subprocess.run(
            [sys.executable, "-c", GIVEN, str(listening.fileno()), str(stored.fileno())],
            pass_fds=(listening.fileno(), stored.fileno()),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout.splitlines()

    assert f"ListenerRecord(fd=3, key='tcp:127.0.0.1:{port}')" in given[0]
    assert "others={'state': 4}" in given[0]
    assert given[1] == "Given(listeners=(), others={}) []"


def test_a_passed_listener_is_served_as_an_inherited_one() -> None:
    import asyncio

    from hotswap.wire.registry import Registry

    async def check() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        registry = Registry(None)
        registry.arrivals.offer(
            [systemd.ListenerRecord(listening.detach(), f"tcp:127.0.0.1:{port}")]
        )
        inherited = registry.arrivals.inherited(f"tcp:127.0.0.1:{port}")
        assert [each.getsockname()[1] for each in inherited] == [port]
        for each in inherited:
            each.close()

    asyncio.run(check())


@pytest.mark.parametrize("looped", [False, True], ids=["no loop", "loop"])
def test_what_a_program_does_not_bind_again_is_closed_and_named(looped: bool) -> None:
    from hotswap.wire.arrivals import Arrivals
    from hotswap.wire.records import ListenerRecord, Manifest

    reports: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        record = ListenerRecord(listening.detach(), f"sock:127.0.0.1:{address[1]}")
    arrivals = Arrivals(Manifest(listeners=(record,)), grace=0, on_settled=reports.append)
    arrivals.settle()
    assert not reports

    async def served() -> None:
        arrivals.expect(asyncio.get_running_loop())
        while not reports:
            await asyncio.sleep(0)

    if looped:
        asyncio.run(served())
    else:
        arrivals.expire()

    assert reports[0].lost == (f"listener {record.key}: the new code does not listen there",)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)

"""Whatever fails, no connection is lost: the old code serves on, or the new image parks until it can start."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.handover.support import HTTP, Program, WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.live


@pytest.fixture
def fragile(start: Callable[..., Program]) -> Program:
    return start(target="fragile:app")


def edit(program: Program, old: str, new: str) -> None:
    program.edit(old, new, "fragile.py")


def test_broken_code_never_gets_as_far_as_exec(fragile: Program) -> None:
    socket = WebSocket(fragile.connect(), "/ws")
    edit(fragile, "VALUE = 1", "VALUE = undefined_name")
    fragile.signal()
    stayed = fragile.wait("stayed")

    assert "NameError" in stayed["fault"]
    assert "line=10" in stayed["fault"] or "fragile.py" in stayed["fault"]
    socket.send("hi")
    assert socket.receive() == "1:hi"

    edit(fragile, "VALUE = undefined_name", "VALUE = (")
    fragile.signal()
    assert "HS101" in fragile.wait("stayed")["fault"]

    edit(fragile, "VALUE = (", "VALUE = 2")
    fragile.reload()
    socket.send("hi")
    assert socket.receive() == "2:hi"


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("VALUE = 1", "VALUE = 1 / 0"),
        ("VALUE = 1", "VALUE = ("),
        ("import sys", "import sys, no_such_module"),
        ("VALUE = 1", "raise SystemExit(4)"),
        ('    events.append("start-up")', '    raise RuntimeError("start-up")'),
    ],
    ids=["exception", "syntax", "missing module", "exit", "lifespan"],
)
def test_an_image_that_cannot_start_parks_until_a_save_heals_it(
    start: Callable[..., Program], sound: str, broken: str
) -> None:
    program = start("--no-preflight", target="fragile:app")
    sockets = [WebSocket(program.connect(), "/ws") for _ in range(5)]
    edit(program, sound, broken)
    program.signal()
    assert program.wait("parked")["held"] == 5
    for each in sockets:
        each.send("waiting")
    newcomer = HTTP(program.connect())
    newcomer.plug.sendall(newcomer.request("/"))

    edit(program, broken, broken + "  # still broken")
    assert program.wait("parked")["held"] == 5
    edit(program, broken + "  # still broken", sound)

    reload = program.wait("settled")
    assert reload["kept"]["websocket"] == 5
    for each in sockets:
        assert each.receive() == "1:waiting"
    assert newcomer.answer()["value"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_parked_program_ends_as_a_running_one(
    start: Callable[..., Program], number: signal.Signals
) -> None:
    program = start("--no-preflight", target="fragile:app")
    edit(program, "VALUE = 1", "VALUE = 1 / 0")
    program.signal()
    program.wait("parked")
    program.wait("progress")
    program.signal(number)

    assert program.process.wait(10) == -number


@pytest.mark.parametrize("what", ["execve", "memfd_create", "pwrite"])
def test_a_failing_call_leaves_everything_as_it_was(fragile: Program, what: str) -> None:
    socket, client = WebSocket(fragile.connect(), "/ws"), HTTP(fragile.connect())
    half = socket.message("cut in the middle")
    socket.plug.sendall(half[:7])
    client.get(f"/break/{what}")
    for _ in range(2):
        fragile.signal()
        stayed = fragile.wait("stayed")
        assert "no space left on device" in stayed["reason"]
        assert "HS403" in stayed["fault"]
    socket.plug.sendall(half[7:])

    assert socket.receive() == "1:cut in the middle"
    assert fragile.get("/")["value"] == 1
    client.get(f"/mend/{what}")
    fragile.reload()
    socket.send("again")
    assert socket.receive() == "1:again"


def test_lifespan_starts_again_after_a_failed_exec(fragile: Program) -> None:
    fragile.get("/break/execve")
    fragile.signal()
    fragile.wait("stayed")

    assert fragile.get("/")["events"] == ["start-up", "shutdown", "start-up"]


def test_a_deleted_working_directory_is_said_and_survived(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    program = start(target="fragile:app")
    socket = WebSocket(program.connect(), "/ws")
    shutil.rmtree(tmp_path)
    program.signal()
    stayed = program.wait("stayed")

    assert stayed["reason"]
    socket.send("here")
    assert socket.receive() == "1:here"


def test_a_storm_of_signals_kills_nobody(fragile: Program) -> None:
    sockets = [WebSocket(fragile.connect(), "/ws") for _ in range(3)]
    for turn in range(3):
        for _ in range(20):
            fragile.signal()
        fragile.wait("imported")
        for _ in range(20):
            fragile.signal()
        fragile.wait("settled")
        for each in sockets:
            each.send(str(turn))
            assert each.receive() == f"1:{turn}"
    assert fragile.process.poll() is None


def test_a_signal_to_end_is_not_lost_in_a_reload(fragile: Program) -> None:
    """SIGTERM arrives while nobody listens; the new image acts on it."""
    fragile.signal()
    os.kill(fragile.pid, signal.SIGSTOP)
    os.kill(fragile.pid, signal.SIGTERM)
    os.kill(fragile.pid, signal.SIGCONT)

    assert fragile.process.wait(15) == -signal.SIGTERM


def test_flags_arguments_and_environment_cross(start: Callable[..., Program]) -> None:
    program = start(
        target="fragile:app", python=("-X", "dev", "-W", "ignore::DeprecationWarning:nowhere")
    )
    program.get("/setenv")
    before = program.get("/flags")
    for _ in range(2):
        program.reload()
    after = program.get("/flags")

    assert after == before
    assert after["dev"] is True
    assert "ignore::DeprecationWarning:nowhere" in after["warnings"]
    assert after["environment"] == "yes"
    assert after["blocked"] == []
    assert after["leftover"] == []


def test_children_are_still_ours_and_leave_no_zombie(fragile: Program) -> None:
    child = fragile.get("/child")
    fragile.reload()
    assert Path(f"/proc/{child['pid']}").exists()
    ending = os.pidfd_open(child["pid"])  # before it is told to end: it may be reaped at once
    try:
        import select

        fragile.get(f"/close/{child['pipe']}")
        select.select([ending], [], [], 10)
    finally:
        os.close(ending)
    for _ in range(50):
        fragile.get("/")
        if not Path(f"/proc/{child['pid']}").exists():
            break
    assert not Path(f"/proc/{child['pid']}").exists()
    assert fragile.stderr().count("Traceback") == 0


def test_orphans_are_closed_after_the_grace_period_and_named(start: Callable[..., Program]) -> None:
    program = start("--grace", "600")
    ports = program.get("/ports")
    lines = HTTP(program.connect(ports[1]))
    assert lines.until(b"\n") == b"hello\n"
    lines.plug.sendall(b"one\n")
    assert lines.until(b"\n") == b"P:one\n"
    socket = WebSocket(program.connect())
    assert socket.receive() == "welcome"
    program.edit(
        '    lines = await asyncio.get_running_loop().create_server(Lines, "127.0.0.1", 0)\n', ""
    )
    program.edit("    lines.close()\n", "")
    program.edit(", lines.sockets[0].getsockname()[1]", "")
    program.signal()
    program.wait("serving")
    program.signal(signal.SIGUSR2)  # the time is over
    reload = program.wait("settled")

    assert sorted(reload["lost"]) == [
        "1 protocol of tcp:127.0.0.1:any port for everything.Lines: no listener took them",
        "listener tcp:127.0.0.1:any port for everything.Lines: the new code does not listen there",
    ]
    with pytest.raises(EOFError):
        lines.more()
    socket.send("on")
    assert socket.receive() == "on"

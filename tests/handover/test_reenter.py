"""Handlers entered again on the same connection, in the same process and by exec; what stays with a connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.handover.support import HTTP, WebSocket, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handover.support import Program

pytestmark = pytest.mark.live


def enter_again(program: Program) -> int:
    with program.connect() as plug:
        client = HTTP(plug)
        plug.sendall(client.request("/reenter", "POST", b"x"))
        entered: int = client.answer()["entered"]
        return entered


def test_handlers_are_called_anew_without_exec(program: Program) -> None:
    """Half a frame and half a line stay where they were; nobody is greeted twice."""
    socket = WebSocket(program.connect(), deflate=True)
    assert socket.receive() == "welcome"
    stream = HTTP(program.connect(program.get("/ports")[0]))
    assert stream.until(b"\n") == b"hello\n"
    for turn in range(3):
        half = socket.message(f"cut {turn}", 2)
        socket.plug.sendall(half[:5])
        stream.plug.sendall(b"half a ")
        program.get("/")
        assert enter_again(program) == 2
        socket.plug.sendall(half[5:])
        stream.plug.sendall(b"line\n")
        assert socket.receive() == f"cut {turn}"
        assert stream.until(b"\n") == b"S:half a line\n"
    assert socket.nothing()
    assert program.get("/")["clients"] == 1
    assert "Traceback" not in program.stderr()


def test_memory_stays_and_entries_are_counted(program: Program) -> None:
    socket = WebSocket(program.connect(), "/memory")
    stream = HTTP(program.connect(program.get("/ports")[0]))
    assert stream.until(b"\n") == b"hello\n"
    socket.send("a")
    assert json.loads(socket.receive()) == [["a"], 0]
    assert enter_again(program) == 2
    socket.send("b")
    assert json.loads(socket.receive()) == [["a", "b"], 1]
    program.reload()
    socket.send("c")
    assert json.loads(socket.receive()) == [["a", "b", "c"], 2]
    stream.plug.sendall(b"calls\n")
    assert stream.until(b"\n") == b"S:3 2\n"


def test_a_push_loop_starts_again(program: Program) -> None:
    socket = WebSocket(program.connect(), "/push")
    assert socket.receive() == "tick 0"
    assert enter_again(program) == 1
    ticks = [int(socket.receive().split()[1]) for _ in range(50)]

    again = ticks.index(0)
    assert ticks == [*range(1, again + 1), *range(50 - again)]


def test_a_message_in_pieces_is_taken_from_its_beginning(
    start: Callable[..., Program], loop: str
) -> None:
    """A length and so many bytes, cut everywhere; an announcement and its data."""
    program = start("--loop", loop, target="pieces:app")
    packet = b"\x00\x05bytes"
    streams = [HTTP(program.connect(program.get("/port"))) for _ in packet]
    socket = WebSocket(program.connect(), "/data", deflate=True)
    assert socket.receive() == "welcome"
    for number in range(2):
        socket.send(json.dumps({"name": f"file {number}"}))
        for cut, stream in enumerate(streams):
            stream.plug.sendall(packet[:cut])
        assert program.reload()["lost"] == []
        socket.plug.sendall(frame(b"its data", 2))
        assert socket.receive() == f"file {number}: its data"
        for cut, stream in enumerate(streams):
            stream.plug.sendall(packet[cut:])
            assert stream.until(b"\n") == b"bytes\n"
    assert socket.nothing()

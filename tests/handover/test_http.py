"""HTTP, event streams, lines and protocols through exec reloads."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.handover.support import HTTP, Program, WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.live


@pytest.fixture(params=["httptools", "h11"])
def http(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(start: Callable[..., Program], loop: str, http: str) -> Program:
    return start("--loop", loop, "--http", http)


def test_requests_may_be_cut_at_every_byte(server: Program) -> None:
    """GET and POST, heads and bodies; one connection for each place."""
    get = HTTP(server.connect()).request("/?cut")
    post = HTTP(server.connect()).request("/echo", "POST", b"a body of its own")
    places = [(get, cut) for cut in range(len(get))] + [(post, cut) for cut in range(len(post))]
    clients = [HTTP(server.connect()) for _ in places]
    for client, (data, cut) in zip(clients, places, strict=True):
        client.plug.sendall(data[:cut])

    reload = server.reload()
    for client, (data, cut) in zip(clients, places, strict=True):
        client.plug.sendall(data[cut:])

    answers = [client.answer() for client in clients]
    assert reload["lost"] == []
    assert sorted(answer["count"] for answer in answers if "count" in answer) == list(
        range(1, len(get) + 1)
    )
    assert {answer["echo"] for answer in answers if "echo" in answer} == {"a body of its own"}
    assert max(answer["posts"] for answer in answers if "posts" in answer) == len(post)


def test_half_received_bodies_are_not_waited_for(server: Program) -> None:
    """A client that stops in the middle of its upload delays nobody; what came is received again."""
    whole = b"y" * 3_000_000
    plain, chunked = HTTP(server.connect()), HTTP(server.connect())
    data = plain.request("/echo", "POST", whole)
    plain.plug.sendall(data[:1_500_000])
    chunked.plug.sendall(
        b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nab"
    )
    server.get("/")
    reload = server.reload()
    plain.plug.sendall(data[1_500_000:])
    chunked.plug.sendall(b"c\r\n0\r\n\r\n")

    assert plain.answer()["echo"] == whole.decode()
    assert chunked.answer()["echo"] == "helloabc"
    assert reload["lost"] == []
    assert not [event for event in server.events if event["event"] == "progress"]


def test_a_client_is_told_to_continue_once(server: Program) -> None:
    client = HTTP(server.connect())
    client.plug.sendall(
        b"POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
    )
    assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
    client.plug.sendall(b"12345")
    for _ in range(2):
        server.reload()
    client.plug.sendall(b"67890")

    assert client.answer()["echo"] == "1234567890"


def test_half_a_second_request_behind_an_answered_one(server: Program) -> None:
    """Pipelined: only the half request is received again, never the answered one."""
    client = HTTP(server.connect())
    data = client.request("/")
    client.plug.sendall(data + data[:11])
    assert client.answer()["count"] == 1
    server.reload()
    client.plug.sendall(data[11:])

    assert client.answer()["count"] == 2
    assert client.get("/")["count"] == 3


def test_pipelined_requests_are_all_answered_once_and_in_order(server: Program) -> None:
    clients = [HTTP(server.connect()) for _ in range(4)]
    server.signal()
    for client in clients:
        client.plug.sendall(b"".join(client.request(f"/?{number}") for number in range(5)))
    server.wait("settled")

    counts = [client.answer()["count"] for client in clients for _ in range(5)]
    assert sorted(counts) == list(range(1, 21))


def test_a_slow_answer_is_waited_for(server: Program) -> None:
    client = HTTP(server.connect())
    client.plug.sendall(client.request("/slow?seconds=0.4"))
    HTTP(server.connect()).get("/")
    server.reload()

    assert client.answer() == {"slept": 0.4, "version": 1}
    assert server.get("/")["count"] == 3


def test_an_unanswered_get_is_asked_again(start: Callable[..., Program], http: str) -> None:
    server = start("--http", http, "--patience", "0.2")
    client = HTTP(server.connect())
    client.plug.sendall(client.request("/never"))
    server.get("/")
    reload = server.reload()

    assert client.answer() == {"replayed": True}
    assert reload["lost"] == []
    assert any(
        "GET /never" in event["text"] for event in server.events if event["event"] == "progress"
    )


def test_a_post_at_the_hard_deadline_is_told_so(start: Callable[..., Program], http: str) -> None:
    server = start("--http", http, "--patience", "0.2", target="stubborn:app")
    client = HTTP(server.connect())
    client.plug.sendall(client.request("/forever", "POST", b"x"))
    server.get("/")
    reload = server.reload()

    status, headers = client.head()
    assert (status, headers["connection"]) == (503, "close")
    assert reload["lost"] == ["1 request that was being worked on: POST /forever"]


def test_an_event_stream_goes_on_without_a_gap(server: Program) -> None:
    client = HTTP(server.connect())
    client.plug.sendall(client.request("/events"))
    assert client.head()[0] == 200
    seen = [client.chunk() for _ in range(3)]
    for _ in range(2):
        reload = server.reload()
        seen += [client.chunk() for _ in range(20)]

    assert reload["kept"]["sse"] == 1
    assert seen == [b"id: %d\ndata: %d\n\n" % (number, number) for number in range(len(seen))]


def test_unsent_output_arrives_whole(server: Program) -> None:
    """8 MB that the client does not read: carried, and sent by the new image."""
    client = HTTP(server.connect())
    client.plug.sendall(client.request("/big"))
    status, headers = client.head()
    size = int(headers["content-length"])
    HTTP(server.connect()).get("/")
    reload = server.reload()

    body = client.take(size)
    assert (status, reload["lost"]) == (200, [])
    assert body == b"".join(b"%07d\n" % number for number in range(size // 8))
    assert client.get("/")["count"] == 2


def test_streams_and_protocols_keep_half_lines(program: Program) -> None:
    streams, lines = program.get("/ports")
    line = b"a line of text\n"
    talking = [HTTP(program.connect(streams)) for _ in line]
    bare = [HTTP(program.connect(lines)) for _ in line]
    for cut, client in enumerate(talking):
        assert client.until(b"\n") == b"hello\n"
        client.plug.sendall(line[:cut])
    for cut, client in enumerate(bare):
        assert client.until(b"\n") == b"hello\n"
        client.plug.sendall(line[:cut])
    for _ in range(2):
        reload = program.reload()
        for number, client in enumerate(talking + bare):
            client.plug.sendall(line[number % len(line) :] + line)
        for client in talking:
            assert (client.until(b"\n"), client.until(b"\n")) == (b"S:" + line, b"S:" + line)
        for client in bare:
            assert (client.until(b"\n"), client.until(b"\n")) == (b"P:" + line, b"P:" + line)
        for number, client in enumerate(talking + bare):
            client.plug.sendall(line[: number % len(line)])

    assert reload["kept"]["stream"] == reload["kept"]["protocol"] == len(line)
    assert reload["kept"]["listener"] == 3


def test_containers_of_writers_hold_the_adopted_ones(program: Program) -> None:
    port = program.get("/ports")[0]
    clients = [HTTP(program.connect(port)) for _ in range(3)]
    for client in clients:
        assert client.until(b"\n") == b"hello\n"
    for _ in range(2):
        program.reload()
        clients[0].plug.sendall(b"all\n")
        assert [client.until(b"\n") for client in clients] == [b"to all\n"] * 3
    clients[1].plug.sendall(b"still here\n")
    assert clients[1].until(b"\n") == b"S:still here\n"


def test_a_stream_answer_in_parts_is_waited_for(program: Program) -> None:
    client = HTTP(program.connect(program.get("/ports")[0]))
    assert client.until(b"\n") == b"hello\n"
    client.plug.sendall(b"parts\n")
    assert client.until(b"\n") == b"part 0\n"
    program.reload()
    client.plug.sendall(b"next\n")

    assert [client.until(b"\n") for _ in range(6)] == [
        *(b"part %d\n" % number for number in range(1, 5)),
        b"S:parts\n",
        b"S:next\n",
    ]


def test_half_closed_streams_end_as_they_would(program: Program) -> None:
    client = HTTP(program.connect(program.get("/ports")[0]))
    assert client.until(b"\n") == b"hello\n"
    client.plug.sendall(b"last")
    program.reload()
    client.plug.shutdown(socket.SHUT_WR)

    assert client.take(6) == b"S:last"
    with pytest.raises(EOFError):
        client.more()


def test_no_connection_is_refused_while_the_program_is_away(program: Program) -> None:
    """A thread connects afresh all the time, through three reloads."""
    ended = threading.Event()
    counts: list[int] = []
    faults: list[BaseException] = []

    def ask() -> None:
        while not ended.is_set():
            try:
                counts.append(program.get("/")["count"])
            except BaseException as error:
                faults.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(3):
            program.reload()
    finally:
        ended.set()
        thread.join()

    assert faults == []
    assert counts == list(range(1, len(counts) + 1))


def test_unix_sockets_are_kept(start: Callable[..., Program], loop: str, tmp_path: Path) -> None:
    program = start("--loop", loop, "--uds", str(tmp_path / "s"))
    client = HTTP(program.connect())
    assert client.get("/")["count"] == 1
    for turn in range(2):
        reload = program.reload()
        assert client.get("/")["count"] == 2 * turn + 2
        assert program.get("/")["count"] == 2 * turn + 3

    assert reload["kept"]["http"] == 1


def test_several_addresses_are_kept(start: Callable[..., Program], loop: str) -> None:
    program = start("--loop", loop, "--host", "localhost", "--port", "0", target="addresses:app")
    ports = program.get("/ports")
    clients = [HTTP(program.connect(port)) for port in ports]
    answers = [client.get("/") for client in clients]
    program.reload()

    assert len(ports) == 2
    assert [client.get("/") for client in clients] == answers
    assert program.get("/ports") == ports


def test_nothing_is_left_behind(program: Program) -> None:
    """Descriptors stay level, nothing lies on disk, and the process is the same one."""
    clients = [HTTP(program.connect()) for _ in range(10)]
    for client in clients:
        client.get("/")
    before = sorted(os.listdir(program.directory))
    levels = [program.reload()["fds"] for _ in range(4)]

    assert len(set(levels[1:])) == 1
    assert {client.get("/")["pid"] for client in clients} == {program.pid}
    after = [name for name in sorted(os.listdir(program.directory)) if name != "__pycache__"]
    assert after == [name for name in before if name != "__pycache__"]
    assert json.dumps([event for event in program.events if event["event"] == "notes"]) == "[]"


def test_what_goes_on_after_an_answer_is_waited_for(start: Callable[..., Program]) -> None:
    """Background tasks and tasks that were started, also when the client has left; a clean-up after a WebSocket."""
    program = start("--no-preflight", "--patience", "60")
    socket_ = WebSocket(program.connect(), "/after")
    program.reload()  # its handler has been entered again
    client = HTTP(program.connect())
    client.plug.sendall(client.request("/after"))
    client.head()
    program.get("/after")
    program.get("/start")
    with pytest.raises(EOFError):
        WebSocket(program.connect(), "/start").receive()
    socket_.send("go")
    assert socket_.receive() == "bye"
    socket_.plug.close()
    program.signal()
    for _ in range(5):
        assert "waiting for what goes on after " in program.wait("progress")["text"]
    program.get("/open")

    assert program.wait("settled")["lost"] == []
    assert program.get("/open")["posts"] == ["later"] * 5


def test_what_goes_on_for_too_long_is_named(start: Callable[..., Program]) -> None:
    program = start("--no-preflight", "--patience", "0.1")
    program.get("/after")
    program.get("/start")
    lost = sorted(program.reload()["lost"])

    assert len(lost) == 2
    for line, asked in zip(lost, ("/after", "/start"), strict=True):
        assert line.startswith(f"what goes on after GET {asked} at ")
        assert line.endswith(": it was still under way")

"""WebSockets through exec reloads: nothing lost, doubled or reordered, wherever the bytes are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.handover.support import Program, WebSocket, frame

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.live


def opened(program: Program, count: int, **options: object) -> list[WebSocket]:
    sockets = [WebSocket(program.connect(), **options) for _ in range(count)]  # type: ignore[arg-type]
    for each in sockets:
        assert each.receive() == "welcome"
    return sockets


@pytest.mark.parametrize(
    ("deflate", "pieces"),
    [(False, 1), (False, 3), (True, 1), (True, 3)],
    ids=["plain", "fragments", "deflate", "deflated fragments"],
)
def test_a_message_may_be_cut_at_every_byte(
    program: Program, *, deflate: bool, pieces: int
) -> None:
    """One connection for each place to cut at; all are cut at once, in three reloads."""
    probe = WebSocket(program.connect(), deflate=deflate)
    size = len(probe.message("message 000 of 000 cut", pieces))
    sockets = opened(program, size, deflate=deflate)

    for turn in range(3):
        rests = []
        for cut, each in enumerate(sockets):
            data = each.message(f"message {turn:03} of {cut:03} cut", pieces)
            each.plug.sendall(data[:cut])
            rests.append(data[cut:])
        kept = program.reload()["kept"]
        for each, rest in zip(sockets, rests, strict=True):
            each.plug.sendall(rest + each.message(f"after {turn}"))
        for cut, each in enumerate(sockets):
            assert each.receive() == f"message {turn:03} of {cut:03} cut"
            assert each.receive() == f"after {turn}"
        assert kept["websocket"] == size + 1

    assert all(each.nothing() for each in sockets)


def test_numbered_messages_keep_their_order_while_reloads_go_on(program: Program) -> None:
    """Clients send on through five reloads without waiting."""
    sockets = opened(program, 8)
    sent = 0
    for _ in range(5):
        program.signal()
        while not program.events or program.events[-1]["event"] != "settled":
            for each in sockets:
                each.send(str(sent))
            sent += 1
            for each in sockets:
                assert each.receive() == str(sent - 1)
            if sent % 20 == 0:
                break
        program.wait("settled")
        for number in range(10):
            for each in sockets:
                each.send(f"burst {number}")
        for number in range(10):
            for each in sockets:
                assert each.receive() == f"burst {number}"
    assert all(each.nothing() for each in sockets)


def test_messages_that_arrive_while_the_program_is_away_are_answered_in_order(
    program: Program,
) -> None:
    sockets = opened(program, 5)
    program.signal()
    for number in range(50):
        for each in sockets:
            each.send(str(number))
    program.wait("settled")

    for each in sockets:
        assert [each.receive() for _ in range(50)] == [str(number) for number in range(50)]
        assert each.nothing()


def test_the_greeting_is_not_said_twice_and_nobody_joins_twice(program: Program) -> None:
    ann = WebSocket(program.connect(), "/chat/ann")
    assert ann.receive() == "ann joined"
    bob = WebSocket(program.connect(), "/chat/bob")
    assert [ann.receive(), bob.receive()] == ["bob joined", "bob joined"]

    reload = program.reload()
    ann.send("hi")

    assert reload["restarted"] == 2
    assert [ann.receive(), bob.receive()] == ["ann: hi", "ann: hi"]
    assert ann.nothing()
    assert bob.nothing()


def test_containers_of_connections_hold_the_adopted_ones(program: Program) -> None:
    """``{ws}``, ``{"bob": ws}`` and a list in an attribute of an object."""
    chatting = [WebSocket(program.connect(), f"/chat/{name}") for name in ("ann", "bob")]
    echoing = opened(program, 3)
    for _ in range(2):
        program.reload()
    facts = program.get()

    assert facts["clients"] == 3
    assert facts["names"] == ["ann", "bob"]
    assert facts["active"] == 2  # though each handler has appended its own again

    chatting[0].plug.close()
    echoing[0].plug.close()
    echoing[1].send("still here")
    assert echoing[1].receive() == "still here"


def test_subprotocol_and_binary_messages_survive(program: Program) -> None:
    each = WebSocket(program.connect(), protocol="chat.v2")
    assert each.headers["sec-websocket-protocol"] == "chat.v2"
    assert each.receive() == "welcome"
    program.reload()
    each.plug.sendall(frame(bytes(range(256)) * 300, 2))

    assert each.receive_frame() == (2, bytes(range(256)) * 300)


def test_a_slow_reply_is_waited_for_and_comes_once(program: Program) -> None:
    each = WebSocket(program.connect(), "/slow")
    each.send("one")
    program.reload()

    assert each.receive() == "done one"
    each.send("two")
    assert each.receive() == "done two"


def test_an_answer_in_parts_is_waited_for(program: Program) -> None:
    """The handler has spoken since it took the message, and is not done."""
    each = WebSocket(program.connect(), "/parts")
    each.send("one")
    assert each.receive() == "one 0"
    program.reload()
    each.send("two")

    assert [each.receive() for _ in range(9)] == [
        *(f"one {number}" for number in range(1, 5)),
        *(f"two {number}" for number in range(5)),
    ]


def test_a_handler_that_only_pushes_delays_nobody(program: Program) -> None:
    each = WebSocket(program.connect(), "/push")
    assert each.receive() == "tick 0"
    reload = program.reload()
    before = []
    while (tick := each.receive()) != "tick 0":
        before.append(tick)
    after = [each.receive() for _ in range(50)]

    assert reload["kept"] == {"websocket": 1, "listener": 3}
    assert before == [f"tick {number}" for number in range(1, len(before) + 1)]
    assert after == [f"tick {number}" for number in range(1, 51)]


def test_a_refused_connection_is_closed_with_1008(program: Program) -> None:
    each = opened(program, 1)[0]
    program.edit('@app.websocket("/echo")', '@app.websocket("/gone")')
    program.reload()

    with pytest.raises(EOFError, match="1008"):
        each.receive()


def test_closing_handshakes_end_as_usual(program: Program) -> None:
    each = opened(program, 1)[0]
    program.reload()
    each.plug.sendall(frame((1000).to_bytes(2, "big"), 8))

    assert each.receive_frame() == (8, (1000).to_bytes(2, "big"))
    with pytest.raises(EOFError):
        each.http.more()


@pytest.mark.parametrize("http", ["httptools", "h11"])
@pytest.mark.parametrize("ws", ["websockets-sansio", "websockets", "wsproto"])
def test_every_implementation_of_uvicorn(start: Callable[..., Program], http: str, ws: str) -> None:
    program = start("--http", http, "--ws", ws)
    plain, packed = WebSocket(program.connect()), WebSocket(program.connect(), deflate=True)
    for each in (plain, packed):
        assert each.receive() == "welcome"
    for turn in range(2):
        cut = {
            each: each.message(f"the same words again and again {turn}", 2)
            for each in (plain, packed)
        }
        for each, data in cut.items():
            each.plug.sendall(data[:9])
        program.reload()
        for each, data in cut.items():
            each.plug.sendall(data[9:])
            assert each.receive() == f"the same words again and again {turn}"

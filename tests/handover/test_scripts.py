"""Servers that a script starts itself, kept through exec reloads: nothing of it knows hotswap."""

from __future__ import annotations

import importlib.util
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.handover.support import PATIENCE, WebSocket, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Event, Live, Project

pytestmark = pytest.mark.live

LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]

RUN = """
if "uvloop" in sys.argv:
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""

CHAT = """
import asyncio, sys
from websockets.asyncio.server import broadcast, serve

clients = set()
order = []
count = {"n": 0, "tick": -1}


async def handler(ws):
    if ws.request.path == "/tick":
        ticking.add(ws)
        await ws.wait_closed()
        return
    clients.add(ws)
    order.append(ws)
    await ws.send("welcome")
    broadcast(clients, "joined")
    try:
        async for message in ws:
            count["n"] += 1
            if message == "who":
                await ws.send(f"{count['n']} {len(clients)} {len(order)} {ws in clients}")
            elif message == "parts":
                for number in range(5):
                    await ws.send(f"part {number}")
                    await asyncio.sleep(0.08)
            elif message == "all":
                broadcast(clients, "to all")
            else:
                await ws.send(message)
    finally:
        clients.discard(ws)
        order.remove(ws)


ticking = set()


async def tick():
    while True:
        await asyncio.sleep(0.002)
        if ticking:
            count["tick"] += 1
            for ws in list(ticking):
                await ws.send(str(count["tick"]))


async def main():
    async with serve(handler, "127.0.0.1", 0, ping_interval=None) as server:
        task = asyncio.create_task(tick())
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

"""


def reload(live: Live) -> Event:
    since = len(live.events)
    live.signal(signal.SIGUSR1)
    outcome = live.wait(lambda event: event["event"] == "outcome", since=since)
    assert outcome["verdict"] == "reloaded", outcome
    return outcome


class Script:
    """A script that prints ``port N`` when it serves."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.port = int(live.wait_output("port ").split()[1])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


@pytest.fixture(params=LOOPS)
def chat(request: pytest.FixtureRequest, project: Project, live: Callable[..., Live]) -> Script:
    project.write(chat=CHAT + RUN)
    return Script(live("chat.py", program=(request.param,), wait=False))


def opened(script: Script, count: int, *, deflate: bool = False) -> list[WebSocket]:
    sockets = []
    for _ in range(count):
        one = WebSocket(script.connect(), "/", deflate=deflate)
        assert [one.receive(), one.receive()] == ["welcome", "joined"]
        for other in sockets:
            assert other.receive() == "joined"
        sockets.append(one)
    return sockets


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
def test_messages_to_websockets_serve_may_be_cut_at_every_byte(
    chat: Script, *, deflate: bool
) -> None:
    text = "message {turn} of {cut:03} cut, the same words again and again"
    probe = opened(chat, 1, deflate=deflate)[0]
    size = len(probe.message(text.format(turn=0, cut=0), 3))
    sockets = opened(chat, size // 2, deflate=deflate)
    for turn in range(2):
        rests = []
        for cut, each in enumerate(sockets):
            data = each.message(text.format(turn=turn, cut=cut), 3)
            place = 2 * cut + turn
            each.plug.sendall(data[:place])
            rests.append(data[place:])
        outcome = reload(chat.live)
        for each, rest in zip(sockets, rests, strict=True):
            each.plug.sendall(rest + each.message(f"after {turn}"))
        for cut, each in enumerate(sockets):
            assert each.receive() == text.format(turn=turn, cut=cut)
            assert each.receive() == f"after {turn}"
        assert outcome["reload"]["lost"] == []
        assert outcome["reload"]["kept"]["websocket"] == len(sockets) + 1
    assert all(each.nothing() for each in sockets)


def test_containers_hold_the_adopted_connections_and_nobody_is_greeted_twice(chat: Script) -> None:
    ann, bob = opened(chat, 2)
    ann.send("who")
    assert ann.receive() == "1 2 2 True"
    for _ in range(2):
        reload(chat.live)
    bob.send("all")
    assert [ann.receive(), bob.receive()] == ["to all", "to all"]
    ann.send("who")
    assert ann.receive() == "3 2 2 True"


def test_who_only_listens_hears_on_without_a_gap(chat: Script) -> None:
    """The app pushes to a set of connections, also while they are opened again."""
    each = WebSocket(chat.connect(), "/tick")
    assert each.receive() == "0"
    for _ in range(2):
        reload(chat.live)

    assert [each.receive() for _ in range(100)] == [str(number) for number in range(1, 101)]


def test_an_answer_in_parts_and_binary_messages_and_a_close(chat: Script) -> None:
    (each,) = opened(chat, 1)
    each.send("parts")
    assert each.receive() == "part 0"
    reload(chat.live)
    assert [each.receive() for _ in range(4)] == [f"part {number}" for number in range(1, 5)]
    each.plug.sendall(frame(bytes(range(256)) * 300, 2))
    assert each.receive_frame() == (2, bytes(range(256)) * 300)
    each.plug.sendall(frame((1000).to_bytes(2, "big"), 8))
    assert each.receive_frame() == (8, (1000).to_bytes(2, "big"))


def test_a_connection_that_is_refused_now_is_closed_with_1008(
    chat: Script, project: Project
) -> None:
    (each,) = opened(chat, 1)
    refusing = 'serve(handler, "127.0.0.1", 0, process_request=lambda ws, _: ws.respond(403, "no"),'
    text = project.read("chat.py")
    assert 'serve(handler, "127.0.0.1", 0,' in text
    project.write(chat=text.replace('serve(handler, "127.0.0.1", 0,', refusing))
    reload(chat.live)

    with pytest.raises(EOFError, match="1008"):
        each.receive()

"""WebSockets of servers that a script starts itself: the `websockets` library's, and aiohttp's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.handover.scripts import LOOPS, RUN, Script, reload
from tests.handover.support import WebSocket, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

pytestmark = pytest.mark.live

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
            if message == "two":
                await ws.send(f"two {await ws.recv()}")
                continue
            count["n"] += 1
            if message == "who":
                await ws.send(f"{count['n']} {len(clients)} {len(order)} {ws in clients}")
            elif message == "parts":
                for number in range(5):
                    await ws.send(f"part {number}")
                    await asyncio.sleep(0.08)
            elif message == "enter again":
                waiting.append(asyncio.create_task(enter_again()))
            elif message == "all":
                broadcast(clients, "to all")
            else:
                await ws.send(message)
    finally:
        clients.discard(ws)
        order.remove(ws)


waiting = []


async def enter_again():
    # As live loops do with a handler that cannot take its new body.
    from hotswap import hooks
    registry = hooks.runtime.connections
    print("entered", sum(registry.reenter(task) for task in asyncio.all_tasks()), flush=True)


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

ROOM = """
import asyncio, sys
import hotswap
from aiohttp import web

rooms = {"hall": set()}
order = []
names = {}
count = {"n": 0, "tick": -1}
ticking = set()
SEEN = web.AppKey("seen", dict)


class Socket(web.WebSocketResponse):
    pass


async def everybody(text):
    for each in rooms["hall"]:
        await each.send_str(text)


async def talk(request):
    socket = Socket(protocols=["chat"], max_msg_size=1 << 20)
    await socket.prepare(request)
    name = request.query["name"]
    rooms["hall"].add(socket)
    order.append(socket)
    names[name] = socket
    await socket.send_str("welcome")
    await everybody("joined")
    try:
        async for message in socket:
            if message.data == "two":
                await socket.send_str(f"two {await socket.receive_str()}")
                continue
            count["n"] += 1
            if message.type is web.WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            elif message.data == "who":
                ours = names[name] is socket and socket in rooms["hall"]
                await socket.send_str(f"{count['n']} {len(rooms['hall'])} {len(order)} {ours}")
            elif message.data == "parts":
                for number in range(5):
                    await socket.send_str(f"part {number}")
                    await asyncio.sleep(0.08)
            elif message.data == "slow":
                await asyncio.sleep(0.3)
                await socket.send_str("slow")
            elif message.data == "all":
                await everybody("to all")
            elif message.data == "enter again":
                waiting.append(asyncio.create_task(enter_again()))
            elif message.data == "memory":
                hotswap.memory(socket).setdefault("asked", []).append(hotswap.resumed(socket))
                await socket.send_str(str(hotswap.memory(socket)["asked"]))
            elif message.data == "application":
                request.app[SEEN].setdefault("sockets", set()).add(socket)
                request.app["total"]["n"] += 1
                total = request.app["total"]["n"]
                await socket.send_str(f"{total} {len(request.app[SEEN]['sockets'])}")
            else:
                await socket.send_str(message.data)
    finally:
        rooms["hall"].discard(socket)
        order.remove(socket)
    return socket


waiting = []


async def enter_again():
    from hotswap import hooks
    registry = hooks.runtime.connections
    print("entered", sum(registry.reenter(task) for task in asyncio.all_tasks()), flush=True)


async def listen(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    ticking.add(socket)
    async for _ in socket:
        pass
    return socket


async def tick():
    while True:
        await asyncio.sleep(0.002)
        if ticking:
            count["tick"] += 1
            for socket in list(ticking):
                await socket.send_str(str(count["tick"]))


async def main():
    application = web.Application()
    application[SEEN], application["total"] = {}, {"n": 0}
    application.add_routes([web.get("/", talk), web.get("/tick", listen)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    task = asyncio.create_task(tick())
    print("port", site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

"""


@dataclass(frozen=True, slots=True)
class Server:
    """A chat, and the edit after which it lets nobody in."""

    source: str
    ready: str
    refusing: str


SERVERS = {
    "websockets": Server(
        CHAT,
        ready='serve(handler, "127.0.0.1", 0,',
        refusing='serve(handler, "127.0.0.1", 0, process_request=lambda ws, _: ws.respond(403, "no"),',
    ),
    "aiohttp": Server(
        ROOM,
        ready='    await socket.prepare(request)\n    name = request.query["name"]\n',
        refusing='    raise web.HTTPForbidden\n    name = request.query["name"]\n',
    ),
}


def started(server: Server, loop: str, project: Project, live: Callable[..., Live]) -> Script:
    project.write(chat=server.source + RUN)
    return Script(live("chat.py", program=(loop,), wait=False))


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Server:
    return SERVERS[request.param]


@pytest.fixture
def chat(server: Server, loop: str, project: Project, live: Callable[..., Live]) -> Script:
    return started(server, loop, project, live)


@pytest.fixture
def websockets(loop: str, project: Project, live: Callable[..., Live]) -> Script:
    return started(SERVERS["websockets"], loop, project, live)


@pytest.fixture
def aiohttp(loop: str, project: Project, live: Callable[..., Live]) -> Script:
    return started(SERVERS["aiohttp"], loop, project, live)


def opened(script: Script, count: int, *, deflate: bool = False) -> list[WebSocket]:
    sockets: list[WebSocket] = []
    for number in range(count):
        one = WebSocket(script.connect(), f"/?name={number}", deflate=deflate)
        assert [one.receive(), one.receive()] == ["welcome", "joined"]
        for other in sockets:
            assert other.receive() == "joined"
        sockets.append(one)
    return sockets


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
def test_messages_may_be_cut_at_every_byte(chat: Script, *, deflate: bool) -> None:
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
        bob.send("two")
        reload(chat.live)
        bob.send("messages")
        assert bob.receive() == "two messages"
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


def test_handlers_are_called_anew_without_exec(chat: Script) -> None:
    ann, bob = opened(chat, 2, deflate=True)
    half = bob.message("cut in two", 2)
    bob.plug.sendall(half[:5])
    ann.send("enter again")
    assert chat.live.wait_output("entered") == "entered 2"
    bob.plug.sendall(half[5:])
    assert bob.receive() == "cut in two"
    ann.send("the same words")
    assert ann.receive() == "the same words"
    assert ann.nothing()


def test_a_connection_that_is_refused_now_is_closed_with_1008(
    chat: Script, server: Server, project: Project
) -> None:
    (each,) = opened(chat, 1)
    text = project.read("chat.py")
    assert server.ready in text
    project.write(chat=text.replace(server.ready, server.refusing))
    reload(chat.live)

    with pytest.raises(EOFError, match="1008"):
        each.receive()


def test_an_answer_in_parts_and_binary_messages_and_a_close(websockets: Script) -> None:
    (each,) = opened(websockets, 1)
    each.send("parts")
    assert each.receive() == "part 0"
    reload(websockets.live)
    assert [each.receive() for _ in range(4)] == [f"part {number}" for number in range(1, 5)]
    each.plug.sendall(frame(bytes(range(256)) * 300, 2))
    assert each.receive_frame() == (2, bytes(range(256)) * 300)
    each.plug.sendall(frame((1000).to_bytes(2, "big"), 8))
    assert each.receive_frame() == (8, (1000).to_bytes(2, "big"))


def test_what_aiohttp_apps_keep_of_a_socket_goes_along(aiohttp: Script) -> None:
    (ann,) = opened(aiohttp, 1)
    for _ in range(2):
        reload(aiohttp.live)
    ann.send("memory")
    assert ann.receive() == "[2]"
    ann.send("application")
    assert ann.receive() == "1 1"
    reload(aiohttp.live)
    ann.send("application")
    assert ann.receive() == "2 1"
    ann.send("memory")
    assert ann.receive() == "[2, 3]"
    assert ann.nothing()


def test_answers_of_aiohttp_under_way_and_unread_messages_and_a_close(aiohttp: Script) -> None:
    parts, slow, many = opened(aiohttp, 3, deflate=True)
    parts.send("parts")
    assert parts.receive() == "part 0"
    slow.send("slow")
    many.send("slow")
    for number in range(300):
        many.send(f"{number} " + "x" * 1000)  # more than the queue takes
    reload(aiohttp.live)
    assert [parts.receive() for _ in range(4)] == [f"part {number}" for number in range(1, 5)]
    assert slow.receive() == "slow"
    assert many.receive() == "slow"
    assert [many.receive().split()[0] for _ in range(300)] == [str(number) for number in range(300)]
    parts.plug.sendall(frame(bytes(range(256)) * 300, 2))
    assert parts.receive_frame()[1] == bytes(range(256)) * 300
    parts.plug.sendall(frame((1000).to_bytes(2, "big"), 8))
    assert parts.receive_frame() == (8, (1000).to_bytes(2, "big"))

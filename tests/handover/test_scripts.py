"""Servers that a script starts itself, kept through exec reloads: nothing of it knows hotswap."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.handover.scripts import LOOPS, RUN, Script, reload
from tests.handover.support import HTTP, PATIENCE, WebSocket, frame, own_port

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


@pytest.mark.parametrize("guarded", [True, False], ids=["guard", "last statement"])
def test_a_program_without_a_loop_keeps_its_state(
    project: Project, live: Callable[..., Live], *, guarded: bool
) -> None:
    """It is put back before ``if __name__ == "__main__"``, or before the last statement."""
    text = """
        from __future__ import annotations

        LIMIT = 5
        counter = {"n": 0}
        last = None


        class Job:
            def __init__(self, number: Unknown) -> None:
                self.number = number


        def main() -> None:
            global last
            while True:
                counter["n"] += 1
                number = last.number if last else 0
                last = Job(number + 1)
                print("turn", LIMIT, counter["n"], last.number, flush=True)
                pause.wait(0.05)


        import threading
        pause = threading.Event()
        """
    text += 'if __name__ == "__main__":\n            main()\n' if guarded else "main()\n"
    project.write(job=text)
    program = live("job.py", "--no-watch", program=(), wait=False)
    program.wait_output("turn 5 3 3")
    project.write(job=text.replace("LIMIT = 5", "LIMIT = 6"))
    outcome = reload(program)
    first = program.wait_output("turn 6 ").split()
    before = [line.split() for line in program.output if line.startswith("turn 5")][-1]

    assert outcome["reload"]["state_bytes"] > 0
    # a turn between the writing down of the state and execve is made again
    assert first[2] == first[3]
    assert 4 <= int(first[2]) <= int(before[2]) + 1


LINES = """
import asyncio, sys

rooms = {"lobby": []}


class Hub:
    def __init__(self):
        self.members = set()
        self.said = 0


class Splitter:
    def __init__(self):
        self.rest = b""

    def split(self, data):
        *lines, self.rest = (self.rest + data).split(b"\\n")
        return lines


class Chat(asyncio.Protocol):
    def __init__(self, hub, rooms):
        self.hub, self.rooms, self.splitter, self.name = hub, rooms, Splitter(), None

    def connection_made(self, transport):
        self.transport = transport
        self.hub.members.add(self)
        for each in self.hub.members:
            each.transport.write(b"joined\\n")

    def connection_lost(self, error):
        self.hub.members.discard(self)

    def data_received(self, data):
        for line in self.splitter.split(data):
            if self.name is None:
                self.name = line
                continue
            self.hub.said += 1
            rooms["lobby"].append(line.decode())
            for each in self.hub.members:
                each.transport.write(b"%s: %s %d\\n" % (self.name, line, len(self.rooms["lobby"])))


async def main():
    hub = Hub()
    server = await asyncio.get_running_loop().create_server(lambda: Chat(hub, rooms), "127.0.0.1", 0)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

"""


@pytest.mark.parametrize("loop_name", LOOPS)
def test_protocols_share_after_as_before(
    project: Project, live: Callable[..., Live], loop_name: str
) -> None:
    """A hub that the factory hands out, a dict of the module; a splitter and a name are each connection's own."""
    project.write(lines=LINES + RUN)
    script = Script(live("lines.py", program=(loop_name,), wait=False))
    ann, bob = HTTP(script.connect()), HTTP(script.connect())
    for client, name in ((ann, b"ann"), (bob, b"bob")):
        assert client.until(b"\n") == b"joined\n"
        client.plug.sendall(name + b"\n")
    assert ann.until(b"\n") == b"joined\n"
    for turn in range(2):
        ann.plug.sendall(b"half a ")
        reload(script.live)
        ann.plug.sendall(b"line\n")
        for client in (ann, bob):
            assert client.until(b"\n") == b"ann: half a line %d\n" % (2 * turn + 1)
        bob.plug.sendall(b"yes\n")
        for client in (ann, bob):
            assert client.until(b"\n") == b"bob: yes %d\n" % (2 * turn + 2)


AIOHTTP = """
import asyncio, sys
from aiohttp import web

seen = {"n": 0}
sockets = set()
started = []


async def index(request):
    seen["n"] += 1
    return web.json_response(seen)


async def echo(request):
    return web.json_response({"echo": await request.text()})


async def slow(request):
    await asyncio.sleep(0.3)
    return web.json_response({"slow": True})


async def later():
    await asyncio.sleep(0.2)
    seen["later"] = True


async def start(request):
    started.append(asyncio.create_task(later()))
    return web.json_response(seen)


async def events(request):
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    number = int(request.headers.get("last-event-id", -1))
    while True:
        number += 1
        await response.write(b"id: %d\\n\\n" % number)
        await asyncio.sleep(0.01)


async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    sockets.add(socket)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


async def main():
    application = web.Application()
    application.add_routes([
        web.get("/", index), web.post("/echo", echo), web.get("/slow", slow), web.get("/events", events),
        web.get("/ws", talk), web.get("/start", start),
    ])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("port", site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

"""


@pytest.mark.parametrize("loop_name", LOOPS)
def test_aiohttp_keeps_its_requests(
    project: Project, live: Callable[..., Live], loop_name: str
) -> None:
    project.write(server=AIOHTTP + RUN)
    script = Script(live("server.py", program=(loop_name,), wait=False))
    idle, slow, events = (HTTP(script.connect()) for _ in range(3))
    assert idle.get("/") == {"n": 1}
    get, post = idle.request("/"), idle.request("/echo", "POST", b"a body of its own")
    places = [(get, cut) for cut in range(len(get))] + [(post, cut) for cut in range(len(post))]
    clients = [HTTP(script.connect()) for _ in places]
    for client, (data, cut) in zip(clients, places, strict=True):
        client.plug.sendall(data[:cut])
    events.plug.sendall(events.request("/events"))
    assert events.head()[0] == 200
    heard = [events.chunk() for _ in range(3)]
    socket_ = WebSocket(script.connect(), "/ws")
    socket_.send("hi")
    assert socket_.receive() == "hi"
    idle.plug.sendall(post)
    assert idle.answer() == {"echo": "a body of its own"}
    slow.plug.sendall(slow.request("/slow"))
    assert idle.get("/start") == {"n": 1}
    outcome = reload(script.live)
    for client, (data, cut) in zip(clients, places, strict=True):
        client.plug.sendall(data[cut:])
    heard += [events.chunk() for _ in range(20)]
    answers = [client.answer() for client in clients]

    assert sorted(answer["n"] for answer in answers if "n" in answer) == list(
        range(2, len(get) + 2)
    )
    assert {answer["echo"] for answer in answers if "echo" in answer} == {"a body of its own"}
    assert slow.answer() == {"slow": True}
    assert idle.get("/") == {"n": len(get) + 2, "later": True}
    assert heard == [b"id: %d\n\n" % number for number in range(len(heard))]
    assert outcome["reload"]["lost"] == []
    assert outcome["reload"]["kept"]["websocket"] == 1
    socket_.send("still here")
    assert socket_.receive() == "still here"


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


@pytest.fixture(params=LOOPS)
def room(request: pytest.FixtureRequest, project: Project, live: Callable[..., Live]) -> Script:
    project.write(room=ROOM + RUN)
    return Script(live("room.py", program=(request.param,), wait=False))


def entered(script: Script, count: int, *, deflate: bool = False) -> list[WebSocket]:
    sockets: list[WebSocket] = []
    for number in range(count):
        one = WebSocket(script.connect(), f"/?name={number}", deflate=deflate)
        assert [one.receive(), one.receive()] == ["welcome", "joined"]
        for other in sockets:
            assert other.receive() == "joined"
        sockets.append(one)
    return sockets


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
def test_messages_to_aiohttp_may_be_cut_at_every_byte(room: Script, *, deflate: bool) -> None:
    text = "message {turn} of {cut:03} cut, the same words again and again"
    probe = entered(room, 1, deflate=deflate)[0]
    size = len(probe.message(text.format(turn=0, cut=0), 3))
    probe.plug.close()
    sockets = entered(room, size // 2, deflate=deflate)
    for turn in range(2):
        rests = []
        for cut, each in enumerate(sockets):
            data = each.message(text.format(turn=turn, cut=cut), 3)
            place = 2 * cut + turn
            each.plug.sendall(data[:place])
            rests.append(data[place:])
        outcome = reload(room.live)
        for each, rest in zip(sockets, rests, strict=True):
            each.plug.sendall(rest + each.message(f"after {turn}"))
        for cut, each in enumerate(sockets):
            assert each.receive() == text.format(turn=turn, cut=cut)
            assert each.receive() == f"after {turn}"
        assert outcome["reload"]["lost"] == []
        assert outcome["reload"]["kept"]["websocket"] == len(sockets)
    assert all(each.nothing() for each in sockets)


def test_containers_hold_the_sockets_of_aiohttp_and_nobody_is_greeted_twice(room: Script) -> None:
    ann, bob = entered(room, 2)
    ann.send("who")
    assert ann.receive() == "1 2 2 True"
    for _ in range(2):
        reload(room.live)
    bob.send("all")
    assert [ann.receive(), bob.receive()] == ["to all", "to all"]
    ann.send("who")
    assert ann.receive() == "3 2 2 True"
    ann.send("memory")
    assert ann.receive() == "[2]"
    ann.send("application")
    assert ann.receive() == "1 1"
    reload(room.live)
    ann.send("application")
    assert ann.receive() == "2 1"
    ann.send("memory")
    assert ann.receive() == "[2, 3]"
    assert ann.nothing()


def test_who_only_listens_to_aiohttp_hears_on_without_a_gap(room: Script) -> None:
    each = WebSocket(room.connect(), "/tick")
    assert each.receive() == "0"
    for _ in range(2):
        reload(room.live)

    assert [each.receive() for _ in range(100)] == [str(number) for number in range(1, 101)]


def test_answers_of_aiohttp_under_way_and_unread_messages_and_a_close(room: Script) -> None:
    parts, slow, many = entered(room, 3, deflate=True)
    parts.send("parts")
    assert parts.receive() == "part 0"
    slow.send("slow")
    many.send("slow")
    for number in range(300):
        many.send(f"{number} " + "x" * 1000)  # more than the queue takes
    reload(room.live)
    assert [parts.receive() for _ in range(4)] == [f"part {number}" for number in range(1, 5)]
    assert slow.receive() == "slow"
    assert many.receive() == "slow"
    assert [many.receive().split()[0] for _ in range(300)] == [str(number) for number in range(300)]
    parts.plug.sendall(frame(bytes(range(256)) * 300, 2))
    assert parts.receive_frame()[1] == bytes(range(256)) * 300
    parts.plug.sendall(frame((1000).to_bytes(2, "big"), 8))
    assert parts.receive_frame() == (8, (1000).to_bytes(2, "big"))


def test_handlers_of_aiohttp_are_called_anew_without_exec(room: Script) -> None:
    ann, bob = entered(room, 2, deflate=True)
    half = bob.message("cut in two", 2)
    bob.plug.sendall(half[:5])
    ann.send("enter again")
    assert room.live.wait_output("entered") == "entered 2"
    bob.plug.sendall(half[5:])
    assert bob.receive() == "cut in two"
    ann.send("the same words")
    assert ann.receive() == "the same words"
    assert ann.nothing()


def test_a_socket_of_aiohttp_that_is_refused_now_is_closed_with_1008(
    room: Script, project: Project
) -> None:
    (each,) = entered(room, 1)
    text = project.read("room.py")
    ready = '    name = request.query["name"]\n'
    refusing = "    raise web.HTTPForbidden\n"
    assert "    await socket.prepare(request)\n" + ready in text
    project.write(
        room=text.replace("    await socket.prepare(request)\n" + ready, refusing + ready)
    )
    reload(room.live)

    with pytest.raises(EOFError, match="1008"):
        each.receive()


HYPERCORN = """
import asyncio, sys
from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette import applications, routing, responses


async def index(request):
    return responses.JSONResponse({"n": 1})


async def talk(websocket):
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


async def main():
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[2]}"]
    ways = [routing.Route("/", index), routing.WebSocketRoute("/ws", talk)]
    print("port", sys.argv[2], flush=True)
    await serve(applications.Starlette(routes=ways), config)

"""


def test_what_a_server_library_keeps_to_itself_is_closed_and_named(
    project: Project, live: Callable[..., Live]
) -> None:
    pytest.importorskip("hypercorn")
    port = own_port()
    project.write(server=HYPERCORN + RUN)
    program = live("server.py", program=("asyncio", str(port)), wait=False)
    program.wait_output("Running on", stream="errors")
    script = Script(program)
    client, socket_ = HTTP(script.connect()), WebSocket(script.connect(), "/ws")
    assert client.get("/") == {"n": 1}
    socket_.send("hi")
    assert socket_.receive() == "hi"
    outcome = reload(program)

    assert sorted(outcome["reload"]["lost"]) == [
        "1 WebSocket served by hypercorn, which cannot be carried",
        "1 connection served by hypercorn, which cannot be carried",
    ]
    with pytest.raises(EOFError, match="1012"):
        socket_.receive()
    assert HTTP(script.connect()).get("/") == {"n": 1}


THREADS = """
import http.server, json, sys, threading

count = {"n": 0}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        count["n"] += 1
        body = json.dumps(count).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("localhost", int(sys.argv[1])), Handler)
    print("port", server.server_address[1], flush=True)
    server.serve_forever()
"""


def test_a_threaded_server_refuses_nobody(project: Project, live: Callable[..., Live]) -> None:
    """Its listener is kept; who connects while the program is away is answered by the next image."""
    port = own_port()
    project.write(server=THREADS)
    script = Script(live("server.py", program=(str(port),), wait=False))
    with socket.socket() as idle:
        idle.connect(("127.0.0.1", port))
        assert HTTP(script.connect()).get("/") == {"n": 1}
        since = len(script.live.events)
        script.live.signal(signal.SIGUSR1)
        answered, outcomes = 1, []
        while not outcomes or answered < 30:
            answered += 1
            assert HTTP(script.connect()).get("/") == {"n": answered}
            outcomes = [each for each in script.live.events[since:] if "reload" in each]

    assert outcomes[0]["reload"]["kept"] == {"listener": 1}
    (lost,) = outcomes[0]["reload"]["lost"]
    assert lost.endswith(f"of a server without an event loop, port {port}")


def test_connections_that_the_program_has_opened_are_named(
    project: Project, live: Callable[..., Live]
) -> None:
    """A bot's, a database pool's: nobody could go on with them."""
    project.write(
        bot="""
        import asyncio, sys

        async def main():
            reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
            writer.write(b"hello\\n")
            await reader.read()

        asyncio.run(main())
        """
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        listening.settimeout(PATIENCE)
        bot = live("bot.py", program=(str(port),), wait=False)
        first, _ = listening.accept()
        assert first.recv(6) == b"hello\n"
        outcome = reload(bot)
        assert first.recv(1) == b""
        second, _ = listening.accept()
        assert second.recv(6) == b"hello\n"
        first.close()
        second.close()

    assert outcome["reload"]["lost"] == [
        f"1 connection that the program had opened to 127.0.0.1:{port}"
    ]

"""Servers that a script starts itself, kept through exec reloads: nothing of it knows hotswap."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.handover.scripts import LOOPS, RUN, Script, reload
from tests.handover.support import HTTP, PATIENCE, WebSocket, own_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

pytestmark = pytest.mark.live


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


ASKING = """
import asyncio, socket, sys

port = int(sys.argv[2])
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", port))  # taken? then it would end here


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", port)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

"""


@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_program_may_ask_first_whether_its_port_is_free(
    project: Project, live: Callable[..., Live], loop_name: str
) -> None:
    """As Gradio does: it binds a socket of its own there, closes it, and then listens."""
    project.write(asking=ASKING + RUN)
    script = Script(live("asking.py", program=(loop_name, str(own_port())), wait=False))
    client = HTTP(script.connect())
    for turn in range(2):
        outcome = reload(script.live)
        client.plug.sendall(b"turn %d\n" % turn)
        assert client.until(b"\n") == b"turn %d\n" % turn
        assert outcome["reload"]["kept"]["listener"] == 1
        assert outcome["reload"]["lost"] == []


AGAIN = """
import asyncio, os, signal, sys
import hotswap


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)


async def main():
    if hotswap.generation() == 1:
        os.kill(os.getpid(), signal.SIGUSR1)  # nobody listens yet
        await asyncio.sleep(0)
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

if hotswap.generation() == 1:
    os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_reload_waits_until_what_the_last_one_carried_has_its_place(
    project: Project, live: Callable[..., Live], loop_name: str
) -> None:
    project.write(again=AGAIN + RUN)
    script = Script(live("again.py", program=(loop_name,), wait=False))
    client = HTTP(script.connect())
    client.plug.sendall(b"half ")
    script.live.signal(signal.SIGUSR1)
    outcome = script.live.wait(
        lambda event: event.get("verdict") == "reloaded" and event["generation"] == 2
    )
    client.plug.sendall(b"a line\n")

    assert client.until(b"\n") == b"half a line\n"
    assert outcome["reload"]["kept"] == {"listener": 1, "stream": 1}


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

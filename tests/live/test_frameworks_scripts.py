"""Programs of many kinds that run as scripts, edited while they run."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

import hotswap
from hotswap.testing import DEADLINE
from tests.handover.support import own_port
from tests.live.frameworks_table import broken, promised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.sync.server import ServerConnection

    from hotswap.testing import Event, Live, Project

    Start = Callable[..., Live]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="exec keeps connections on POSIX"),
]


def reload(live: Live) -> Event:
    """Ask for an exec reload and wait until it is over."""
    since = len(live.events)
    live.signal(signal.SIGUSR1)
    return live.wait(lambda event: bool(event.get("resumed")), since=since)


def http_client(live: Live, port: int) -> Callable[..., tuple[int, str]]:
    """Give a function that asks on one and the same HTTP/1.1 connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=live.deadline)
    connection.connect()
    sock: Any = connection.sock

    def ask(path: str, method: str = "GET") -> tuple[int, str]:
        connection.request(method, path)
        answer = connection.getresponse()
        text = answer.read().decode()
        assert connection.sock is sock, "the server closed the connection"
        return answer.status, text

    return ask


AIOHTTP = """
    import sys

    from aiohttp import WSMsgType, web

    sockets = web.AppKey("sockets", list)


    async def hello(request):
        return web.Response(text="one")


    async def wshandler(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        request.app[sockets].append(ws)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    await ws.send_str("one " + message.data)
            return ws
        finally:
            request.app[sockets].remove(ws)


    def init():
        app = web.Application()
        app[sockets] = []
        app.router.add_get("/", hello)
        app.router.add_get("/ws", wshandler)
        return app


    web.run_app(init(), host="127.0.0.1", port=int(sys.argv[1]))
"""


def test_aiohttp(project: Project, live: Start) -> None:
    row = promised("aiohttp")
    project.write(server=AIOHTTP)
    port = own_port()
    program = live("server.py", program=(str(port),))
    program.wait_output("Running on")
    url = f"ws://127.0.0.1:{port}/ws"
    with connect(url, proxy=None, open_timeout=DEADLINE) as ws:
        ws.send("a")
        assert ws.recv() == "one a"
        body = program.swap("server.py", "one", "two")
        ws.send("a")
        assert ws.recv() == "two a"
        bad = broken(program, "server.py")
        ws.send("a")
        assert ws.recv() == "two a"
        http = http_client(program, port)
        assert http("/") == (200, "two")
        structure = program.swap("server.py", '"/", hello', '"/hello", hello')
        ws.send("b")
        assert ws.recv(timeout=program.deadline) == "two b"
    row.held(program, body=body, structure=structure, broken=bad)
    assert http("/hello") == (200, "two")
    row.crossed(program, kept=True)
    assert program.stop() == 0


STREAMS = """
    import asyncio

    heard = []


    def answer(line):
        return b"one " + line


    async def talk(reader, writer):
        while line := await reader.readline():
            heard.append(line)
            writer.write(answer(line))
            await writer.drain()
        writer.close()


    async def main():
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        print("port", server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()


    asyncio.run(main())
"""


class Line:
    """A TCP connection that sends a line and reads one."""

    def __init__(self, live: Live, port: int) -> None:
        self.socket = live.connect(port)
        self.file = self.socket.makefile("rwb", buffering=0)

    def ask(self, text: str) -> str:
        """Send a line and give the answer."""
        self.file.write(text.encode() + b"\n")
        return self.file.readline().decode().strip()

    def close(self) -> None:
        """Close it."""
        self.file.close()
        self.socket.close()


def test_asyncio_streams(project: Project, live: Start) -> None:
    row = promised("asyncio streams")
    project.write(server=STREAMS)
    program = live("server.py", program=())
    port = int(program.wait_output("port").split()[1])
    line = Line(program, port)
    assert line.ask("a") == "one a"

    body = program.swap("server.py", "one ", "two ")
    assert line.ask("a") == "two a"
    suspended = program.swap(
        "server.py", "writer.write(answer(line))", 'writer.write(b"> " + answer(line))'
    )
    assert line.ask("b") == "> two b"
    assert "1 suspended frame runs the new body: talk" in suspended["notes"]
    structure = program.save(
        "server.py",
        lambda text: text.replace(
            'return b"two " + line', 'return b"%d" % len(heard) + mark(line)'
        ).replace(
            "async def talk",
            'def mark(line, with_=b"!"):\n    return with_ + line\n\n\nasync def talk',
        ),
    )
    assert line.ask("c") == "> 4!c"
    bad = broken(program, "server.py")
    assert line.ask("d") == "> 5!d"
    reload(program)
    assert line.ask("e") == "> 6!e"
    assert row.over_exec == "kept"
    row.held(program, body=body, structure=structure, broken=bad)
    line.close()
    assert program.stop() == -signal.SIGINT


BOT = """
    import asyncio
    import sys

    from websockets.asyncio.client import connect

    commands = {}
    seen = []


    def command(function):
        commands[function.__name__] = function
        return function


    @command
    def ping(words):
        return "pong"


    async def on_message(socket, text):
        seen.append(text)
        name, *words = text.split()
        answer = commands[name](words) if name in commands else "what?"
        await socket.send(f"{answer} {len(seen)}")


    async def main(url):
        async for socket in connect(url, proxy=None):
            await socket.send("ready")
            async for text in socket:
                await on_message(socket, text)


    if __name__ == "__main__":
        asyncio.run(main(sys.argv[1]))
"""


class Gateway:
    """The service that a bot connects to: it gives tests each connection that comes in."""

    def __init__(self) -> None:
        import queue

        self.came: queue.Queue[ServerConnection] = queue.Queue()
        self.done = threading.Event()
        self.server = serve(self._talk, "127.0.0.1", 0)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = "ws://{}:{}".format(*self.server.socket.getsockname())

    def _talk(self, connection: ServerConnection) -> None:
        self.came.put(connection)
        self.done.wait()

    def close(self) -> None:
        """Close all."""
        self.done.set()
        self.server.shutdown()
        self.thread.join()


@pytest.fixture(name="gateway")
def _gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


def test_bot(project: Project, live: Start, gateway: Gateway) -> None:
    row = promised("bot")
    project.write(bot=BOT)
    program = live("bot.py", program=(gateway.url,))
    session = gateway.came.get(timeout=program.deadline)

    def say(text: str, answer: str) -> None:
        session.send(text)
        assert session.recv(timeout=program.deadline) == answer

    assert session.recv(timeout=program.deadline) == "ready"
    say("ping", "pong 1")
    body = program.swap("bot.py", '"pong"', '"PONG"')
    say("ping", "PONG 2")
    structure = program.swap(
        "bot.py",
        "\n\nasync def on_message",
        "\n\n@command\ndef add(words):\n    return sum(map(int, words))\n\n\nasync def on_message",
    )
    say("add 3 4", "7 3")
    bad = broken(program, "bot.py")
    say("ping", "PONG 4")
    row.held(program, body=body, structure=structure, broken=bad)

    assert row.over_exec == "closed"
    reload(program)
    with pytest.raises(ConnectionClosed):
        session.recv(timeout=program.deadline)
    session = gateway.came.get(timeout=program.deadline)
    assert session.recv(timeout=program.deadline) == "ready"
    say("add 3 5", "8 5")
    assert program.stop() == -signal.SIGINT


THREADS = """
    import sys
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    hits = []


    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            hits.append(self.path)
            self.answer("one")

        def answer(self, text):
            body = f"{text} {len(hits)}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *about):
            pass


    if __name__ == "__main__":
        with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
            print("listens", flush=True)
            server.serve_forever()
"""


def test_threaded_http_server(project: Project, live: Start) -> None:
    row = promised("http.server with threads")
    project.write(server=THREADS)
    port = own_port()
    program = live("server.py", program=(str(port),))
    program.wait_output("listens")
    ask = http_client(program, port)
    assert ask("/") == (200, "one 1")

    body = program.swap("server.py", '"one"', '"two"')
    assert ask("/") == (200, "two 2")
    structure = program.swap(
        "server.py",
        "    def answer",
        '    def do_PUT(self):\n        self.answer("put")\n\n    def answer',
    )
    assert ask("/", "PUT") == (200, "put 2")
    bad = broken(program, "server.py")
    assert ask("/") == (200, "two 3")
    row.held(program, body=body, structure=structure, broken=bad)

    assert (row.over_exec, row.climbs) == ("closed", "the `__main__` block, which ran already")
    program.write("server.py", project.read("server.py").replace("listens", "listens again"))
    program.wait(lambda event: bool(event.get("resumed")))
    program.wait_output("listens again")
    assert http_client(program, port)("/") == (200, "two 4")
    assert program.stop() == -signal.SIGINT


CLICK = """
    import time

    import click


    @click.group()
    def cli():
        pass


    def word(number):
        return f"one {number}"


    @cli.command()
    @click.option("--count", default=1000000)
    def work(count):
        for number in range(count):
            click.echo(word(number))
            time.sleep(0.01)


    if __name__ == "__main__":
        cli()
"""


def test_click(project: Project, live: Start) -> None:
    row = promised("click")
    project.write(tool=CLICK)
    program = live("tool.py", program=("work",))
    program.wait_output("one 3")

    body = program.swap("tool.py", '"one {', '"two {')
    program.wait_output("two ")
    structure = program.swap(
        "tool.py", "@cli.command()", "@cli.command()\ndef other():\n    pass\n\n\n@cli.command()"
    )
    bad = broken(program, "tool.py")
    loop = program.swap("tool.py", "click.echo(word(number))", 'click.echo("> " + word(number))')
    row.held(program, body=body, structure=structure, broken=bad)
    assert [one["name"] for one in loop["stale"] if one["what"] == "thread"] == ["work"]
    reload(program)
    program.wait_output("> two 0")
    assert program.stop() == 1
    assert program.errors[-1] == "Aborted!"


SCREEN = """
    import curses

    keys = []


    def title():
        return "ALPHA"


    def draw(screen):
        screen.erase()
        screen.addstr(0, 0, title())
        screen.addstr(2, 0, "".join(keys))
        screen.refresh()


    def main(screen):
        screen.timeout(10)
        draw(screen)
        while (key := screen.getch()) != ord("q"):
            if key != -1:
                keys.append(f"<key {chr(key)}>")
            draw(screen)


    if __name__ == "__main__":
        curses.wrapper(main)
"""


class Screen:
    """A full-screen program on a terminal of its own; the reports of hotswap go elsewhere."""

    def __init__(self, project: Project) -> None:
        self.main, self.side = pty.openpty()
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self.side)
        code = (
            "import os, sys, fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "os.execv(sys.executable, [sys.executable, '-m', 'hotswap', 'screen.py'])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=project.root,
            env={
                **{key: text for key, text in os.environ.items() if not key.startswith("HOTSWAP_")},
                "PYTHONPATH": str(Path(hotswap.__file__).parent.parent),
                "TERM": "xterm",
            },
            stdin=self.side,
            stdout=self.side,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        self.shown = ""
        self.told = ""
        self.news = threading.Condition()
        self.readers = [
            threading.Thread(target=self._read, args=(where, fd), daemon=True)
            for where, fd in (("shown", self.main), ("told", self.process.stderr.fileno()))
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, where: str, fd: int) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(fd, 65536):
                with self.news:
                    setattr(self, where, getattr(self, where) + data.decode(errors="replace"))
                    self.news.notify_all()

    def wait(self, where: str, text: str, since: int = 0) -> None:
        """Wait until the screen showed, or hotswap told, a text."""
        with self.news:
            came = self.news.wait_for(lambda: text in getattr(self, where)[since:], DEADLINE)
            assert came, f"{text!r} is not in {where}: {self.shown[-500:]!r}\n{self.told}"

    def save(self, project: Project, old: str, new: str, told: str) -> None:
        """Replace a text of the program and wait for the report."""
        place = len(self.told)
        text = project.read("screen.py")
        assert old in text
        project.write({"screen.py": text.replace(old, new)})
        self.wait("told", told, place)

    def close(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.side)
        for reader in self.readers:
            reader.join(DEADLINE)
        os.close(self.main)
        assert self.process.stderr is not None
        self.process.stderr.close()


WORDS = {"patch": "patched", "reexec": "re-executed"}
"""What the console says for a rung."""


def test_curses(project: Project) -> None:
    row = promised("curses")
    project.write(screen=SCREEN)
    with contextlib.closing(Screen(project)) as screen:
        screen.wait("shown", "ALPHA")
        screen.save(project, "ALPHA", "bravo", WORDS[row.body])
        screen.wait("shown", "bravo")
        # first the name, then who reads it: no loop runs here, so the main thread goes on during a swap
        screen.save(
            project, "\n\ndef draw(", '\n\nFOOT = "charlie"\n\n\ndef draw(', WORDS[row.structure]
        )
        screen.save(
            project,
            "    screen.erase()\n",
            "    screen.erase()\n    screen.addstr(5, 0, FOOT)\n",
            WORDS[row.body],
        )
        screen.wait("shown", "charlie")
        screen.save(project, "def main(", "def main((", "HS101")
        os.write(screen.main, b"a")
        screen.wait("shown", "<key a>")  # the old code draws on
        screen.save(project, "def main((", "def main(", "mended")

        place = len(screen.shown)
        screen.process.send_signal(signal.SIGUSR1)
        screen.wait("shown", "bravo", place)
        os.write(screen.main, b"z")
        screen.wait("shown", "<key z>", place)
        os.write(screen.main, b"q")
        assert screen.process.wait(DEADLINE) == 0
        assert termios.tcgetattr(screen.side) == screen.before

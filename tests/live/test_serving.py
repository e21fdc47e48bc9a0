"""A served app: edits on open connections, faults, stopping, exit codes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

import hotswap
from tests.handover.support import own_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

    Start = Callable[..., Live]

pytestmark = pytest.mark.live

LOOPS = ["asyncio", *(["uvloop"] if sys.platform != "win32" else [])]

CHAT = """
    import asyncio
    from contextlib import asynccontextmanager

    from fastapi import FastAPI, WebSocket
    from fastapi.responses import StreamingResponse

    from words import shout

    heard = []


    async def lines(reader, writer):
        while line := await reader.readline():
            writer.write(shout(line.decode().strip()).encode() + b"\\n")
            await writer.drain()


    @asynccontextmanager
    async def lifespan(app):
        server = await asyncio.start_server(lines, "127.0.0.1", 0)
        app.state.tcp = server.sockets[0].getsockname()[1]
        yield
        server.close()
        print("lifespan ended", flush=True)


    app = FastAPI(lifespan=lifespan)


    @app.get("/")
    def index():
        return {"said": shout("hello"), "heard": len(heard), "tcp": app.state.tcp}


    @app.get("/clock")
    async def clock():
        async def ticks():
            while True:
                yield "data: tick\\n\\n"
                await asyncio.sleep(3600)

        return StreamingResponse(ticks(), media_type="text/event-stream")


    @app.websocket("/ws")
    async def talk(ws: WebSocket):
        await ws.accept()
        while True:
            text = await ws.receive_text()
            heard.append(text)
            await ws.send_text(shout(text))
"""
WORDS = """
    def shout(text):
        return text + "!"
"""


@pytest.fixture(name="chat")
def _chat(project: Project) -> Project:
    return project.write(main=CHAT, words=WORDS)


def lines(sock: socket.socket) -> Callable[[str], str]:
    """Give a function that sends a line and reads one."""
    file = sock.makefile("rw")

    def ask(text: str) -> str:
        file.write(text + "\n")
        file.flush()
        return file.readline().strip()

    return ask


@pytest.mark.parametrize("loop", LOOPS)
def test_an_edit_is_heard_on_the_sockets_that_were_open(
    chat: Project, live: Start, loop: str
) -> None:
    server = live("main:app", "--loop", loop)
    with (
        server.websocket() as ws,
        server.connect(server.get().json()["tcp"]) as tcp,
    ):
        ask = lines(tcp)
        ws.send("a")
        assert (ws.recv(), ask("b")) == ("a!", "b!")

        outcome = server.swap("words.py", '"!"', '"?"')

        ws.send("a")
        assert (ws.recv(), ask("b")) == ("a?", "b?")
    assert (outcome["verdict"], outcome["rung"], outcome["generation"]) == ("swapped", "patch", 1)
    assert [change["name"] for change in outcome["changes"]] == ["shout"]
    assert server.get().json()["heard"] == 2


def test_a_broken_edit_changes_nothing_and_waits_for_its_repair(chat: Project, live: Start) -> None:
    server = live("main:app")

    broken = server.save("words.py", "def shout(text:\n")
    other = server.swap("main.py", '"said"', '"words"')
    served = server.get().json()
    mended = server.save("words.py", 'def shout(text):\n    return text + "."\n')

    assert broken["verdict"] == "fault"
    assert broken["fault"]["code"] == "HS101"
    assert broken["fault"]["line"] == 1
    assert other["verdict"] == "fault"  # the faulted file is part of every later batch
    assert served["said"] == "hello!"
    assert mended["verdict"] == "swapped"
    assert server.get().json()["words"] == "hello."


def test_code_that_raises_while_it_runs_again_is_rolled_back(chat: Project, live: Start) -> None:
    server = live("main:app")

    outcome = server.save("words.py", lambda text: text + "\nLIMIT = 1 / 0\n")

    assert outcome["fault"]["code"] == "HS201"
    assert [frame["line"] for frame in outcome["fault"]["frames"]] == [4]
    assert server.get().json()["said"] == "hello!"


def test_files_saved_together_are_one_swap(chat: Project, live: Start) -> None:
    server = live("main:app")
    # an editor's "save all" writes one file after the other, and the first cannot run alone
    server.write("main.py", chat.read("main.py").replace("import shout", "import roar as shout"))
    server.write("words.py", chat.read("words.py").replace("def shout", "def roar"))

    outcome = server.wait(lambda event: event.get("verdict") == "swapped", what="no swap")

    assert len(outcome["files"]) == 2
    with server.websocket() as ws:
        ws.send("a")
        assert ws.recv() == "a!"


def test_a_file_that_is_rewritten_unchanged_does_nothing(chat: Project, live: Start) -> None:
    server = live("main:app")
    server.write("words.py", chat.read("words.py"))

    outcome = server.swap("main.py", '"said"', '"words"')

    assert outcome["generation"] == 1
    assert len(server.outcomes) == 1


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_it_whatever_is_open(
    chat: Project, live: Start, loop: str, number: signal.Signals
) -> None:
    server = live("main:app", "--loop", loop)
    tcp = server.get().json()["tcp"]
    with server.websocket() as ws, server.connect() as stream, server.connect(tcp):
        stream.sendall(b"GET /clock HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in stream.recv(4096)

        code = server.stop(number)

        with pytest.raises(ConnectionClosed) as closed:
            ws.recv(timeout=server.deadline)
    assert code == -number
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in {1001, 1012}
    assert "lifespan ended" in server.output
    assert [event["event"] for event in server.events][-1] == "stopped"
    assert not [line for line in server.errors if "Traceback" in line]


ASKED_TO_END = """
    import os, signal

    class Asking:
        def __reduce__(self):
            os.kill(os.getpid(), signal.{number})
            return Asking, ()

    held = {{}}
"""

OF_AN_APP = """
    from fastapi import FastAPI
    app = FastAPI()

    @app.get("/")
    def hold():
        held["it"] = Asking()
"""

OF_A_PROGRAM = """
    import asyncio

    async def main():
        async def hold(reader, writer):
            held["it"] = Asking()
            writer.write(b"HTTP/1.1 204 Held\\r\\n\\r\\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(hold, "127.0.0.1", PORT)
        print("runs", flush=True)
        await server.serve_forever()

    if __name__ == "__main__":
        asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_asks_to_end_while_the_state_is_written_is_heard(
    project: Project, live: Start, number: signal.Signals
) -> None:
    project.write(main=dedent(ASKED_TO_END.format(number=number.name)) + dedent(OF_AN_APP))
    server = live("main:app")
    server.get()
    os.kill(server.pid, signal.SIGUSR1)

    assert server.ended() == -number


def test_who_asks_to_end_while_new_code_is_tried_is_heard(project: Project, live: Start) -> None:
    project.write(
        main="""
        import asyncio, os
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        if os.environ.get("HOTSWAP_PREFLIGHT"):
            open("tried").read()

        @asynccontextmanager
        async def lifespan(app):
            yield
            print("ends", flush=True)
            while not os.path.exists("go"):
                await asyncio.sleep(0.01)

        app = FastAPI(lifespan=lifespan)
        """
    )
    os.mkfifo(project.path("tried"))
    server = live("main:app")
    os.kill(server.pid, signal.SIGUSR1)
    with project.path("tried").open("w"):  # the child reads
        os.kill(server.pid, signal.SIGINT)
        server.wait_output("ends")
    project.path("go").touch()

    assert server.ended() == -signal.SIGINT


def test_who_interrupts_a_program_while_its_state_is_written_is_heard(
    project: Project, live: Start
) -> None:
    port = own_port()
    program = dedent(OF_A_PROGRAM).replace("PORT", str(port))
    project.write(main=dedent(ASKED_TO_END.format(number="SIGINT")) + program)
    server = live("main.py", program=())
    server.wait_output("runs")
    with server.connect(port) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"204" in sock.recv(4096)
    os.kill(server.pid, signal.SIGUSR1)

    assert server.ended() == -signal.SIGINT


def test_a_handler_that_hangs_does_not_keep_it_from_stopping(project: Project, live: Start) -> None:
    project.write(
        main="""
        import time, threading
        from fastapi import FastAPI
        app = FastAPI()

        @app.get("/")
        def hangs():
            print("hangs", flush=True)
            threading.Event().wait(600)
        """
    )
    server = live("main:app")
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_output("hangs")

        assert server.stop() == -signal.SIGINT


def test_what_a_handler_raises_is_logged_as_under_the_server_alone(
    project: Project, live: Start
) -> None:
    project.write(
        main="""
        from fastapi import FastAPI
        app = FastAPI()

        @app.get("/page")
        def fails():
            raise RuntimeError("of the app")
        """
    )
    server = live("main:app")
    with server.connect() as sock:
        sock.sendall(b"GET /page HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n")
        assert b"500" in sock.recv(4096)
    assert server.stop() == -signal.SIGINT
    assert any("RuntimeError: of the app" in line for line in server.errors)
    ours = str(Path(hotswap.__file__).parent)
    assert not [line for line in server.errors if ours in line]


def test_a_taken_port_is_exit_code_3_and_names_its_holder(chat: Project, live: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        server = live("main:app", "--port", str(port), wait=False)

        assert server.ended() == 3
    fault = server.events[0]["fault"]
    assert f"cannot bind 127.0.0.1:{port}: address already in use" in fault["message"]
    if sys.platform == "linux":
        assert "(pid " in fault["message"]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["--uds", "nowhere/x.sock"], 3, "there is no directory"),
        (["--fd", "99"], 3, "nothing was inherited"),
        (["--ssl-certfile", "none.pem"], 2, "--ssl-certfile none.pem: no such file"),
        (["--ssl-certfile", "main.py"], 2, "--ssl-certfile main.py: "),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(
    chat: Project, given: list[str], code: int, words: str
) -> None:
    """Never with a traceback of ours: these are mistakes on the command line."""
    ended = subprocess.run(
        [sys.executable, "-m", "hotswap", *given, "main:app"],
        cwd=chat.root,
        env={**os.environ, "PYTHONPATH": str(Path(hotswap.__file__).parents[1])},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == code
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("import nothere\n", "HS601", "No module named 'nothere'"),
        ("def f(:\n", "HS101", "invalid syntax"),
        ("app = None\ndef g(): ...\n", "HS602", "no ASGI app in main"),
    ],
)
def test_an_app_that_cannot_be_imported_is_exit_code_1(
    project: Project, live: Start, source: str, code: str, message: str
) -> None:
    project.write(main="from fastapi import FastAPI\n" + source)

    server = live("main:app" if code != "HS602" else "main.py", "--factory", wait=False)

    assert server.ended() == 1
    (fault,) = [event["fault"] for event in server.events if event["event"] == "fault"]
    assert fault["code"] == code
    assert message in fault["message"]


def test_a_lifespan_that_fails_is_exit_code_1_with_the_users_frames(
    project: Project, live: Start
) -> None:
    project.write(
        main="""
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            raise RuntimeError("no database")
            yield

        app = FastAPI(lifespan=lifespan)
        """
    )

    server = live("main:app", wait=False)

    assert server.ended() == 1
    (fault,) = [event["fault"] for event in server.events if event["event"] == "fault"]
    assert fault["code"] == "HS603"
    assert "no database" in fault["message"]


def test_a_factory_follows_its_code(project: Project, live: Start) -> None:
    project.write(
        main="""
        from fastapi import FastAPI

        def make():
            app = FastAPI()

            @app.get("/")
            def index():
                return "one"

            return app
        """
    )
    server = live("main:make", "--factory")

    server.swap("main.py", '"one"', '"two"')

    assert server.get().json() == "two"

    outcome = server.swap("main.py", '@app.get("/")', '@app.get("/moved")')

    assert outcome["rung"] == "reexec"
    assert server.get("/moved").json() == "two"
    assert server.get().status == 404


def test_a_unix_socket(chat: Project, live: Start) -> None:
    place = chat.path("s.sock")
    server = live("main:app", "--uds", str(place))

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(place))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(4096), b""))
    assert b"hello!" in answer
    assert server.events[0]["urls"] == [f"unix:{place}"]


def test_without_watching_a_save_waits_to_be_asked_for(chat: Project, live: Start) -> None:
    server = live("main:app", "--no-watch")
    chat.write(words='def shout(text):\n    return text + "?"\n')

    server.signal(signal.SIGUSR1)
    server.wait(lambda event: event["event"] == "started" and event["resumed"])

    assert server.get().json()["said"] == "hello?"


def test_the_uvicorn_command_line_works_unchanged(chat: Project, live: Start) -> None:
    flags = ("--reload", "--reload-dir", ".", "--workers", "1", "--ws-ping-interval", "5")

    server = live("main:app", *flags, "--header", "X-Own: yes", "--no-server-header")

    answer = server.get()
    assert answer.headers["x-own"] == "yes"
    assert "server" not in answer.headers
    assert "date" in answer.headers


def test_flask_is_served_through_a_wrapper(project: Project, live: Start) -> None:
    project.write(
        main="""
        from flask import Flask

        app = Flask(__name__)

        @app.get("/")
        def index():
            return "one"
        """
    )
    server = live("main:app")

    server.swap("main.py", '"one"', '"two"')

    assert server.get().text == "two"


def test_the_command_from_python(project: Project) -> None:
    project.write(
        app="from fastapi import FastAPI\napp = FastAPI()\n",
        start='import hotswap\n\nhotswap.serve("app:app", port=0, json=True)\n',
    )
    with subprocess.Popen(
        [sys.executable, "start.py"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(Path(hotswap.__file__).parent.parent)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == -signal.SIGTERM
    assert started["event"] == "started"

"""Handlers that are open while their file is saved, seen from the other end of their sockets."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.loops import supported

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Event, Live, Project

    Start = Callable[..., Live]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(bool(supported()), reason=supported()),
]

APP = """
    import asyncio
    from contextlib import asynccontextmanager
    from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect
    from starlette.endpoints import WebSocketEndpoint

    ticks = asyncio.Queue()
    log = []


    async def poll():
        n = 0
        while True:
            await ticks.get()
            n += 1
            log.append(f"poll v1 {n}")


    async def door(reader, writer):
        n = 0
        while line := await reader.readline():
            n += 1
            writer.write(b"door v1 %d %s" % (n, line))


    @asynccontextmanager
    async def lifespan(app):
        task = asyncio.create_task(poll())
        server = await asyncio.start_server(door, "127.0.0.1", 0)
        app.state.port = server.sockets[0].getsockname()[1]
        yield
        task.cancel()
        server.close()


    app = FastAPI(lifespan=lifespan)


    @app.get("/port")
    def port():
        return app.state.port


    @app.get("/log")
    async def logs():
        ticks.put_nowait(1)
        await asyncio.sleep(0)
        return log


    async def user(socket: WebSocket):
        try:
            yield "joe"
        finally:
            log.append("user left v1")


    @app.websocket("/chat")
    async def chat(socket: WebSocket, name: str = Depends(user)):
        await socket.accept()
        await socket.send_text("hello")
        n = 0
        try:
            while True:
                text = await socket.receive_text()
                n += 1
                await socket.send_text(f"v1 {name} {n} {text}")
        except WebSocketDisconnect:
            log.append("gone")
        finally:
            await socket.close()
            log.append("chat left")


    class Room:
        async def serve(self, socket: WebSocket):
            await socket.accept()
            async with asyncio.TaskGroup() as group:
                said = asyncio.Queue()
                group.create_task(self.write(socket, said))
                n = 0
                async for text in socket.iter_text():
                    n += 1
                    await said.put(f"{n} {text}")

        async def write(self, socket, said):
            while True:
                await socket.send_text(f"room v1 {await said.get()}")


    @app.websocket("/room")
    async def room(socket: WebSocket):
        await Room().serve(socket)
"""

LOOP = """\
        while True:
            text = await socket.receive_text()
            n += 1
            await socket.send_text(f"v1 {name} {n} {text}")
"""
ANOTHER = """\
        async for text in socket.iter_text():
            seen += 1
            await socket.send_text(f"v2 {name} {seen} {text}")
"""


def notes(outcome: Event) -> str:
    assert outcome["verdict"] == "swapped", outcome
    return "\n".join(outcome.get("notes", []))


def told(wire: Any, text: str) -> str:
    wire.send(text)
    return str(wire.recv())


def test_every_handler_answers_the_next_message_with_the_new_code(
    project: Project, live: Start
) -> None:
    project.write(main=APP)
    server = live("main:app")
    with (
        server.websocket("/chat") as chat,
        server.websocket("/room") as room,
        socket.create_connection(("127.0.0.1", server.get("/port").json()), timeout=30) as plug,
        plug.makefile("rwb", buffering=0) as door,
    ):

        def line(text: bytes) -> bytes:
            door.write(text)
            return bytes(door.readline())

        assert chat.recv() == "hello"
        assert told(chat, "a") == "v1 joe 1 a"
        assert told(room, "a") == "room v1 1 a"
        assert line(b"a\n") == b"door v1 1 a\n"
        assert server.get("/log").json() == ["poll v1 1"]

        outcome = server.save("main.py", lambda text: text.replace("v1", "v2"))

        assert not outcome.get("stale")
        assert told(chat, "b") == "v2 joe 2 b"
        assert line(b"b\n") == b"door v2 2 b\n"
        assert server.get("/log").json()[-1] == "poll v2 2"
        assert "Room.write" in notes(outcome)  # its await is an argument: the turn in flight is old
        assert [told(room, "b"), told(room, "c")] == ["room v1 2 b", "room v2 3 c"]


def test_renamed_locals_and_another_kind_of_loop_keep_what_the_handler_knows(
    project: Project, live: Start
) -> None:
    project.write(main=APP)
    server = live("main:app")
    with server.websocket("/chat") as chat:
        chat.recv()
        assert told(chat, "a") == "v1 joe 1 a"

        outcome = server.save(
            "main.py",
            lambda text: text.replace(LOOP, ANOTHER).replace("n = 0\n    try", "seen = 0\n    try"),
        )

        assert "n is called seen now" in notes(outcome)
        assert told(chat, "b") == "v1 joe 2 b"  # the turn in flight
        assert told(chat, "c") == "v2 joe 3 c"


def test_what_cannot_follow_is_entered_again_on_the_same_socket(
    project: Project, live: Start
) -> None:
    """Also when a connection is open that serves nothing, and again and again; the old ``finally`` closes nobody."""
    project.write(main=APP)
    server = live("main:app")
    with server.connect(), server.websocket("/chat") as chat:
        assert chat.recv() == "hello"
        assert told(chat, "a") == "v1 joe 1 a"
        for turn in range(3):
            text = project.read("main.py").replace(
                "    try:\n        while", f"    x{turn} = socket.url.path\n    try:\n        while"
            )
            outcome = server.save("main.py", text.replace("{text}", f"{{x{turn}}} {{text}}"))
            assert "entered again" in notes(outcome)
            assert told(chat, "b") == "v1 joe 1" + " /chat" * (turn + 1) + " b"
        outcome = server.swap("main.py", "async def chat(", "async def talk(")
        assert "its function is gone" in notes(outcome)
        assert told(chat, "c") == "v1 joe 1" + " /chat" * 3 + " c"
        assert "gone" not in server.get("/log").json()


def test_reenter_never_names_the_handler_instead(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app", "--reenter", "never")
    with server.websocket("/chat") as chat:
        chat.recv()
        assert told(chat, "a") == "v1 joe 1 a"

        text = project.read("main.py").replace(
            "n = 0\n    try", "n = 0\n    path = socket.url.path\n    try"
        )
        outcome = server.save("main.py", text.replace("v1 {name}", "v2 {name} {path}"))

        [stale] = outcome["stale"]
        assert stale["name"] == "chat"
        assert "path is bound by line" in stale["reason"]
        assert told(chat, "b") == "v1 joe 2 b"

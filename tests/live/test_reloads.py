"""When a save, a signal or the app asks for a fresh interpreter: what the session does about it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hotswap

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Event, Live, Project

    Start = Callable[..., Live]

pytestmark = [pytest.mark.live, pytest.mark.skipif(sys.platform == "win32", reason="exec")]

APP = """
    import hotswap
    from fastapi import FastAPI, WebSocket

    app = FastAPI()
    seen = []


    class Thing:
        __slots__ = ("a",)


    thing = Thing()


    @app.get("/")
    def index():
        seen.append(1)
        return {"seen": len(seen), "word": "one"}


    @app.get("/reload")
    async def reload():
        hotswap.reload("by hand")
        return "asked"


    @app.get("/signals")
    async def signals():
        import os, signal

        for _ in range(10):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGUSR1)
        return "sent"


    @app.websocket("/ws")
    async def talk(ws: WebSocket):
        await ws.accept()
        while True:
            await ws.send_text(await ws.receive_text() + "!")
"""
WIDER = ('("a",)', '("a", "b")')


def reloaded(event: Event) -> bool:
    return bool(event.get("verdict") == "reloaded")


def ask(project: Project, *words: str) -> tuple[int, list[Any], str]:
    """Ask running sessions, as a script would; give exit code, JSON lines and stderr."""
    env = {**os.environ, "PYTHONPATH": str(Path(hotswap.__file__).parent.parent)}
    asked = subprocess.run(
        [sys.executable, "-m", "hotswap", "--json", *words],
        cwd=project.root,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return asked.returncode, [json.loads(line) for line in asked.stdout.splitlines()], asked.stderr


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_incompatible_edit_reloads_and_keeps_the_socket(
    project: Project, live: Start, loop: str
) -> None:
    project.write(main=APP)
    server = live("main:app", "--loop", loop)
    assert server.get().json()["seen"] == 1
    with server.websocket() as ws:
        ws.send("a")
        assert ws.recv() == "a!"

        outcome = server.swap("main.py", *WIDER)

        ws.send("b")
        assert ws.recv() == "b!"
    assert (outcome["verdict"], outcome["rung"]) == ("reloaded", "exec")
    assert outcome["reason"]
    assert outcome["reload"]["kept"]["websocket"] == 1
    assert server.get().json()["seen"] == 2
    assert server.process.poll() is None


def test_the_app_may_ask_for_it(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app")

    assert server.get("/reload").json() == "asked"

    assert server.wait(reloaded)["reason"] == "by hand"


def test_signals_that_come_together_are_one_reload(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app")

    assert server.get("/signals").json() == "sent"
    server.wait(reloaded)

    assert server.save("main.py", lambda text: text.replace('"one"', '"two"'))["generation"] == 2
    assert len([one for one in server.outcomes if reloaded(one)]) == 1


def test_signals_at_any_time_kill_nothing(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app")

    for turn in range(20):
        server.signal(signal.SIGHUP if turn % 2 else signal.SIGUSR1)  # it has no terminal
    server.wait(reloaded)

    assert server.get().json()["word"] == "one"


def test_never_means_never(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app", "--exec", "never")

    outcome = server.swap("main.py", *WIDER)

    assert outcome["verdict"] == "needs exec"
    assert outcome["reason"]
    assert server.get().json()["word"] == "one"


def test_ask_tells_how_long_it_would_take_and_waits(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app", "--exec", "ask")

    outcome = server.swap("main.py", *WIDER)
    note = server.wait(lambda event: "seconds" in event)

    assert outcome["verdict"] == "needs exec"
    assert note["seconds"] > 0
    server.signal(signal.SIGUSR1)
    assert server.wait(reloaded)["reload"]["kept"]["listener"] == 1


def test_code_that_does_not_import_never_gets_as_far_as_exec(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app", "--no-watch")
    project.write(main="import nothere\n" + project.read("main.py"))

    code, answers, _ = ask(project, "--ask-reload")
    served = server.get().json()
    status = ask(project, "--status")

    assert code == 1
    assert answers[0]["verdict"] == "refused"
    assert "nothere" in answers[0]["fault"]["message"]
    assert served == {"seen": 1, "word": "one"}
    assert [one["pid"] for one in status[1]] == [server.pid]


def test_a_script_may_reload_and_wait_for_the_verdict(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app", "--no-watch")
    project.write(main=APP.replace('"one"', '"two"'))

    code, answers, _ = ask(project, "--ask-reload")

    assert code == 0
    assert (answers[0]["verdict"], answers[0]["generation"]) == ("reloaded", 1)
    assert server.get().json()["word"] == "two"


def test_explain_says_what_a_save_would_do_and_does_nothing(project: Project, live: Start) -> None:
    project.write(main=APP)
    server = live("main:app", "--no-watch")
    project.write(main=APP.replace('"one"', '"two"'))

    code, (plan,), _ = ask(project, "--explain", "main.py")

    assert code == 0
    assert (plan["rung"], [change["name"] for change in plan["changes"]]) == ("patch", ["index"])
    assert server.get().json()["word"] == "one"


def test_explain_without_a_session_compares_with_git(project: Project) -> None:
    def git(*words: str) -> None:
        own = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *own, *words], cwd=project.root, check=True, capture_output=True)

    project.write(main="def f():\n    return 1\n")
    git("init", "-q")
    git("add", "main.py")
    git("commit", "-qm", "first")
    project.write(main="def f():\n    return 2\n")

    code, (plan,), _ = ask(project, "--explain", "main.py")

    assert code == 0
    assert (plan["rung"], plan["verdict"]) == ("patch", "swapped")


def test_a_start_up_that_fails_in_the_new_image_is_parked_until_it_is_mended(
    project: Project, live: Start
) -> None:
    project.write(
        main="""
        from contextlib import asynccontextmanager
        from fastapi import FastAPI, WebSocket

        @asynccontextmanager
        async def lifespan(app):
            ready = True
            if not ready:
                raise RuntimeError("not ready")
            yield

        app = FastAPI(lifespan=lifespan)

        @app.websocket("/ws")
        async def talk(ws: WebSocket):
            await ws.accept()
            while True:
                await ws.send_text(await ws.receive_text() + "!")
        """
    )
    server = live("main:app")
    with server.websocket() as ws:
        ws.send("a")
        assert ws.recv() == "a!"
        server.write("main.py", project.read("main.py").replace("ready = True", "ready = False"))
        server.wait(lambda event: "not ready" in event.get("text", ""))

        server.write("main.py", project.read("main.py").replace("ready = False", "ready = True"))
        server.wait(reloaded)

        ws.send("b")
        assert ws.recv() == "b!"


def test_a_changed_table_of_options_applies_at_once_or_says_what_it_needs(
    project: Project, live: Start
) -> None:
    project.write({"pyproject.toml": '[tool.hotswap]\nexec = "auto"\n'}, main=APP)
    server = live("main:app")

    server.write("pyproject.toml", '[tool.hotswap]\nexec = "never"\nloop = "asyncio"\n')
    said = [
        server.wait(lambda event: "applied" in event.get("text", "")),
        server.wait(lambda event: "exec reload" in event.get("text", "")),
    ]
    refused = server.save("pyproject.toml", '[tool.hotswap]\nexce = "never"\n')
    outcome = server.swap("main.py", *WIDER)

    assert "exec applied" in said[0]["text"]
    assert "loop will hold after" in said[1]["text"]
    assert refused["fault"]["code"] == "HS703"
    assert "did you mean 'exec'?" in refused["fault"]["message"]
    assert outcome["verdict"] == "needs exec"


def test_carried_instances_get_what_their_class_assigns_by_now(
    project: Project, live: Start
) -> None:
    """The save that needs the reload adds attributes too: as after a swap in place, nobody lacks them."""
    project.write(
        main="""
        from dataclasses import dataclass, field
        from fastapi import FastAPI

        class Pinned:
            __slots__ = ("a",)

        pinned = Pinned()

        class Room:
            def __init__(self, name):
                self.name = name

        @dataclass
        class Player:
            name: str

        rooms = {}
        players = []
        app = FastAPI()

        @app.post("/")
        def enter():
            rooms["hall"] = Room("hall")
            players.append(Player("ann"))

        @app.get("/")
        def show():
            return [vars(room) for room in rooms.values()] + [vars(p) for p in players]
        """
    )
    server = live("main:app")
    server.request("POST", "/")

    told = server.save(
        "main.py",
        lambda text: (
            text.replace('("a",)', '("a", "b")')
            .replace("self.name = name", "self.name, self.topic, self.size = name, name, 3")
            .replace(
                "    name: str\n", "    name: str\n    bag: list = field(default_factory=list)\n"
            )
        ),
    )

    assert told["rung"] == "exec"
    assert server.get().json() == [{"name": "hall", "size": 3}, {"name": "ann", "bag": []}]
    lacks = "1 Room lacks .topic; @hotswap.migrate(Room) can fill it"
    assert any(event.get("text") == lacks for event in server.events)

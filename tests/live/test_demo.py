"""The demo as a newcomer uses it: three doors, edits while inside, and the same app under plain uvicorn."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.testing import DEADLINE, Live, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.importorskip("fastapi")
pytest.importorskip("jinja2")

pytestmark = [pytest.mark.live]

DEMO = Path(__file__).parents[2] / "demo_server"


class Doors:
    """One guest at each door of a market, and one who watches the clock."""

    def __init__(self, port: int, tcp_port: int, stack: contextlib.ExitStack) -> None:
        from websockets.sync.client import connect

        self.web = stack.enter_context(
            connect(f"ws://127.0.0.1:{port}/chat?name=Zoe", proxy=None, open_timeout=DEADLINE)
        )
        self.heard("welcome")
        self.back = stack.enter_context(socket.create_connection(("127.0.0.1", tcp_port), DEADLINE))
        self.lines = stack.enter_context(self.back.makefile("r", encoding="utf-8"))
        self.name = re.search(r"You are (.+)\.", self.lines.readline())[1]  # type: ignore[index]
        clock = stack.enter_context(socket.create_connection(("127.0.0.1", port), DEADLINE))
        clock.sendall(b"GET /clock HTTP/1.1\r\nHost: market\r\n\r\n")
        self.clock = stack.enter_context(clock.makefile("r", encoding="utf-8"))

    def say(self, text: str) -> None:
        """Say something at the front door."""
        self.web.send(json.dumps({"text": text}))

    def heard(
        self, kind: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Give the next message of a kind at the front door."""
        while True:
            message: dict[str, Any] = json.loads(self.web.recv(timeout=DEADLINE))
            if message["kind"] == kind and wanted(message):
                return message

    def heard_line(self, text: str) -> dict[str, Any]:
        """Give the next line of the room that contains a text."""
        line: dict[str, Any] = self.heard("line", lambda message: text in message["line"]["text"])[
            "line"
        ]
        return line

    def type(self, text: str) -> None:
        """Say something at the back door."""
        self.back.sendall(f"{text}\n".encode())

    def read(self, text: str) -> str:
        """Give the next line at the back door that contains a text."""
        for line in self.lines:
            if text in line:
                return line.rstrip("\n")
        raise AssertionError("the back door was closed")

    def tick(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Give the next beat of the clock for which `wanted` holds."""
        for line in self.clock:
            if line.startswith("data: "):
                beat: dict[str, Any] = json.loads(line[6:])
                if wanted(beat):
                    return beat
        raise AssertionError("the clock has stopped")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(
        DEMO, tmp_path / "demo_server", ignore=shutil.ignore_patterns("__pycache__", "*.db*")
    )
    return Project(tmp_path)


def environment(project: Project, **more: str) -> dict[str, str]:
    return {"DEMO_DATABASE": str(project.root / "market.db"), "DEMO_TCP_PORT": "0", **more}


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def market(project: Project, stack: contextlib.ExitStack) -> Live:
    return stack.enter_context(Live("demo_server", project=project, env=environment(project)))


@pytest.fixture
def doors(market: Live, stack: contextlib.ExitStack) -> Doors:
    address = market.get("/pulse").json()["tcp"]["address"]
    return Doors(market.port, int(address.split()[1]), stack)


def test_the_page_names_the_doors(market):
    page = market.get("/")
    assert page.status == 200
    assert "The Night Market" in page.text
    assert "nc 127.0.0.1 " in page.text
    assert market.get("/static/app.js").status == 200
    assert market.get("/price/tea?amount=3").json() == {"item": "tea", "amount": 3, "coppers": 9}


def test_all_doors_lead_into_one_room(doors):
    doors.say("good evening")
    assert doors.read("good evening") == "Zoe> good evening"
    doors.type("a fine one")
    assert doors.heard_line("a fine one")["who"] == doors.name
    doors.type("/buy 3 tea")
    assert doors.heard_line("buys")["text"] == f"{doors.name} buys 3 x tea for 9 coppers"
    doors.type("/buy gold")
    assert "no gold today" in doors.read("gold")
    beat = doors.tick(lambda beat: (beat["said"], beat["takings"]) == (2, 9))
    assert beat["sockets"] == {"web": 1, "tcp": 1, "sse": 1}


def test_the_first_edit_a_price(market, doors):
    doors.say("/buy 3 tea")
    doors.heard_line("for 9 coppers")
    first = market.swap("demo_server/prices.py", '"tea": 3', '"tea": 2')
    assert first["verdict"] == "swapped", first["fault"]
    doors.say("/buy 3 tea")
    doors.heard_line("for 6 coppers")
    beat = doors.tick(lambda beat: beat["takings"] == 15)
    assert {"item": "tea", "price": 2} in beat["menu"]
    assert beat["generation"] == 1


def test_the_second_edit_an_answer(market, doors):
    doors.say("hello")
    doors.heard_line("hello")
    outcome = market.swap(
        "demo_server/room.py",
        "        await self.tell(text, who=guest.name, door=guest.door)\n",
        "        await self.tell(text, who=guest.name, door=guest.door)\n"
        '        if "hello" in text.lower():\n'
        '            await self.tell(f"Welcome to the market, {guest.name}!", kind="news")\n',
    )
    assert (outcome["verdict"], outcome["rung"]) == ("swapped", "patch")
    doors.say("hello again")
    doors.heard_line("Welcome to the market, Zoe!")
    doors.type("hello")
    assert doors.read(f"Welcome to the market, {doors.name}!")


def test_the_third_edit_a_running_loop(market, doors):
    doors.tick(lambda beat: True)
    outcome = market.swap("demo_server/clock.py", "# Try: news[", "news[")
    assert outcome["verdict"] == "swapped"
    doors.tick(lambda beat: beat["message"] == "1 of you, and the tea is hot.")


def test_handlers_that_wait_in_their_loops_take_edits(market, doors):
    market.swap("demo_server/chat.py", '"ping": message["ping"]}', '"ping": message["ping"] + 1}')
    doors.web.send('{"ping": 41}')
    # The message that the old loop waited for may still be its own; from the next one on it is the new loop's.
    doors.heard("pong")
    doors.web.send('{"ping": 41}')
    assert doors.heard("pong")["ping"] == 42


def test_a_faster_clock(market, doors):
    market.swap("demo_server/settings.py", "TICK_SECONDS = 1.0", "TICK_SECONDS = 0.01")
    beats = [doors.tick(lambda beat: True)["time"] for _ in range(20)]
    assert len(set(beats)) < 20  # two in one second: the old clock never had them


def test_broken_code_changes_nothing(market, doors):
    doors.say("one")
    doors.heard_line("one")
    broken = market.swap("demo_server/prices.py", "def price(", "def price((")
    assert broken["fault"]["code"] == "HS101"
    raising = market.save(
        "demo_server/prices.py", lambda text: "TAX = 1 / 0\n" + text.replace("((", "(")
    )
    assert raising["verdict"] == "fault"
    doors.say("/buy 1 tea")
    doors.heard_line("for 3 coppers")
    mended = market.save(
        "demo_server/prices.py", lambda text: text.replace("TAX = 1 / 0", "TAX = 0")
    )
    assert mended["verdict"] == "swapped", mended["fault"]
    assert doors.tick(lambda beat: beat["generation"] == 1)["said"] == 1


def test_what_was_said_outlives_the_process(project, stack):
    for expected in ([], ["remember me"]):
        with Live("demo_server", project=project, env=environment(project)) as market:
            with contextlib.ExitStack() as visit:
                address = market.get("/pulse").json()["tcp"]["address"]
                doors = Doors(market.port, int(address.split()[1]), visit)
                if not expected:
                    doors.say("remember me")
                    doors.heard_line("remember me")
                else:
                    page = Doors(market.port, int(address.split()[1]), visit)
                    assert page.heard_line("remember me")["who"] == "Zoe"
            assert market.stop() == -signal.SIGINT


def test_a_taken_port_closes_one_door_only(project, stack):
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    port = taken.getsockname()[1]
    market = stack.enter_context(
        Live("demo_server", project=project, env=environment(project, DEMO_TCP_PORT=str(port)))
    )
    assert market.get("/pulse").json()["tcp"] == {"address": "", "problem": f"port {port} is taken"}
    assert f"closed: port {port} is taken" in market.get("/").text


def test_an_exec_reload_keeps_everybody_in_the_room(market, doors):
    doors.say("/buy 3 tea")
    doors.heard_line("for 9 coppers")
    pid = market.pid
    market.signal(signal.SIGUSR1)
    outcome = market.wait(
        lambda event: event["event"] == "outcome" and event["verdict"] == "reloaded"
    )
    assert outcome["reload"]["lost"] == []
    doors.say("still here")
    assert doors.read("still here") == "Zoe> still here"
    doors.type("me too")
    assert doors.heard_line("me too")["who"] == doors.name
    beat = doors.tick(lambda beat: beat["said"] == 2)
    assert beat["takings"] == 9
    assert beat["sockets"] == {"web": 1, "tcp": 1, "sse": 1}
    assert market.pid == pid


def test_who_was_given_a_name_keeps_it_through_an_exec_reload(market):
    with market.websocket("/chat") as web:
        name = json.loads(web.recv(timeout=DEADLINE))["name"]
        market.signal(signal.SIGUSR1)
        market.wait(lambda event: event["event"] == "outcome" and event["verdict"] == "reloaded")
        web.send('{"text": "who am I?"}')
        while True:
            message = json.loads(web.recv(timeout=DEADLINE))
            if message["kind"] == "line" and message["line"]["text"] == "who am I?":
                break
    assert message["line"]["who"] == name


def test_an_ordinary_app_under_plain_uvicorn(project, stack):
    import os

    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "demo_server:app", "--port", "0"],
            cwd=project.root,
            env={**os.environ, **environment(project)},
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    assert process.stderr is not None
    port = next(
        int(found[1])
        for line in process.stderr
        if (found := re.search(r"http://127.0.0.1:(\d+)", line))
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/pulse", timeout=DEADLINE) as answer:
        beat = json.load(answer)
    assert beat["generation"] == 0
    doors = Doors(port, int(beat["tcp"]["address"].split()[1]), stack)
    doors.say("hello")
    assert doors.read("hello") == "Zoe> hello"
    doors.type("good evening")
    assert doors.heard_line("good evening")["who"] == doors.name

"""The stream of events, places and reports, without a browser."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.source.model import Change, Fault, Frame, Outcome, Reload
from hotswap.web import client, reports
from hotswap.web.channel import RING, Channel
from hotswap.web.places import Places
from hotswap.web.status import Status, percentile
from tests.unit.web_driver import browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.web.asgi import Message

STATIC = Path(client.__file__).parent / "static"


class Page:
    """A page's end of the channel."""

    def __init__(self, channel: Channel, query: dict[str, str]) -> None:
        self.sent: list[Message] = []
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.grew = asyncio.Event()
        scope: Any = {"headers": [], "subprotocols": []}
        self.task = asyncio.ensure_future(
            channel.websocket(scope, self.incoming.get, self._send, query)
        )

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        self.grew.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(m["text"]) for m in self.sent if m["type"] == "websocket.send"]

    async def until(self, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        async def wait() -> None:
            while not enough(self.events):
                self.grew.clear()
                await self.grew.wait()

        await asyncio.wait_for(wait(), 10)
        return self.events

    async def leave(self) -> None:
        await self.incoming.put({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, 10)


def run(test: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def test_events_are_numbered_and_replayed() -> None:
    async def test() -> None:
        channel = Channel()
        for number in range(5):
            channel.publish("css-update", path=f"/{number}")
        page = Page(channel, {"since": "3", "epoch": channel.epoch})
        events = await page.until(lambda e: len(e) == 3)
        assert [(e["t"], e.get("id")) for e in events] == [
            ("connected", None),
            ("css-update", 4),
            ("css-update", 5),
        ]
        channel.publish("ok", key="x")
        await page.until(lambda e: e[-1].get("id") == 6)
        await page.leave()
        assert channel.listeners == {}

    run(test)


def test_a_page_of_another_epoch_is_told_nothing_old() -> None:
    async def test() -> None:
        channel = Channel()
        channel.publish("css-update", path="/a")
        page = Page(channel, {"since": "0", "epoch": "other"})
        await page.until(lambda e: len(e) == 1)
        channel.publish("ok", key="x")
        events = await page.until(lambda e: len(e) == 2)
        assert events[1]["id"] == 2
        await page.leave()

    run(test)


def test_a_page_that_is_slow_is_told_what_is_left_of_the_ring() -> None:
    async def test() -> None:
        channel = Channel(size=4)
        for _ in range(10):
            channel.publish("css-update", path="/a")
        page = Page(channel, {"since": "2", "epoch": channel.epoch})
        events = await page.until(lambda e: len(e) == 5)
        assert events[0]["oldest"] == 7
        assert [e["id"] for e in events[1:]] == [7, 8, 9, 10]
        await page.leave()

    run(test)


def test_current_faults_are_told_at_once() -> None:
    async def test() -> None:
        channel = Channel()
        channel.publish("error", key="a", title="A")
        channel.publish("error", key="b", title="B")
        channel.publish("ok", key="a")
        page = Page(channel, {})
        (hello,) = await page.until(lambda e: len(e) == 1)
        assert [error["title"] for error in hello["errors"]] == ["B"]
        await page.leave()

    run(test)


def test_closing_ends_every_page_and_takes_no_new_ones() -> None:
    async def test() -> None:
        channel = Channel()
        pages = [Page(channel, {}) for _ in range(3)]
        for page in pages:
            await page.until(lambda e: len(e) == 1)
        await channel.close()
        for page in pages:
            await page.task
            assert page.sent[-1]["type"] == "websocket.close"
            assert page.sent[-1]["code"] == 1012

    run(test)


def test_closing_gives_up_on_a_page_that_does_not_read() -> None:
    async def test() -> None:
        channel = Channel()
        stuck = asyncio.Event()

        async def send(message: Message) -> None:
            if message["type"] == "websocket.send":
                await stuck.wait()

        scope: Any = {"headers": [], "subprotocols": []}
        never: asyncio.Queue[Message] = asyncio.Queue()
        task = asyncio.ensure_future(channel.websocket(scope, never.get, send, {}))
        while not channel.listeners:
            await asyncio.sleep(0)
        await asyncio.wait_for(channel.close(), 5)
        task.cancel()

    run(test)


def test_the_stream_goes_on_after_an_exec_reload() -> None:
    async def test() -> None:
        first = Channel()
        first.publish("css-update", path="/a")
        first.publish("error", key="k", title="T")
        second = Channel()
        second.adopt(json.loads(json.dumps(first.carry())))
        assert second.epoch == first.epoch
        assert second.publish("ok", key="z")["id"] == 3
        page = Page(second, {"since": "1", "epoch": first.epoch})
        events = await page.until(lambda e: len(e) == 3)
        assert [e.get("id") for e in events] == [None, 2, 3]
        assert [e["key"] for e in events[0]["errors"]] == ["k"]
        await page.leave()

    run(test)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        "{}",
        '{"t": "applied"}',
        '{"t": "applied", "id": "x", "ms": "y", "how": {}}',
        '{"t": 1}',
        b"\xff",
    ],
)
def test_whatever_a_page_says(text: str | bytes) -> None:
    channel = Channel()
    channel.hear_text(text, "p")
    assert len(channel.applied) <= 1


def test_times_of_a_save() -> None:
    channel = Channel()
    event = channel.publish("css-update", path="/a", live_ms=12.0)
    channel.hear_text(
        json.dumps({"t": "applied", "id": event["id"], "how": "replaced", "ms": 3.21}), "p"
    )
    (report,) = channel.applied
    assert report["screen_ms"] >= 12.0
    assert report["ms"] == 3.2
    state = Status(channel, lambda: {"generation": 4}).state()
    assert state["live"]["p50"] == 12.0
    assert state["screen"]["n"] == 1
    assert state["session"] == {"generation": 4}


def test_percentiles() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(list(range(1, 101)), 0.95) == 95
    assert percentile([7], 0.95) == 7


def test_the_ring_has_an_end() -> None:
    channel = Channel()
    for _ in range(RING * 3):
        channel.publish("css-update", path="/a")
    assert len(channel.ring) == RING
    assert len(channel._moments) <= RING


# Places


def test_files_are_told_by_their_kind_and_address(tmp_path: Path) -> None:
    for name in (
        "static/a.css",
        "static/sub/b ü.js",
        "templates/t.html",
        "static/page.html",
        "static/x.dat",
        "out.css",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    places = Places()
    places.set(
        [
            ("/static", str(tmp_path / "static")),
            ("/static/deep/", str(tmp_path / "static" / "sub")),
            ("", str(tmp_path / "static")),
        ],
        [str(tmp_path / "templates")],
    )

    def kind(name: str) -> str | None:
        return places.kind(str(tmp_path / name))

    assert [
        kind(n)
        for n in (
            "static/a.css",
            "static/sub/b ü.js",
            "static/i.svg",
            "static/page.html",
            "templates/t.html",
        )
    ] == [
        "css",
        "script",
        "asset",
        "page",
        "template",
    ]
    assert [kind(n) for n in ("static/x.dat", "out.css", "templates", "static")] == [None] * 4
    assert places.urls(str(tmp_path / "static/sub/b ü.js")) == (
        "/static/deep/b ü.js",
        "/static/sub/b ü.js",
        "/sub/b ü.js",
    )
    assert places.file("/static/a.css") == os.path.realpath(tmp_path / "static/a.css")
    assert places.file("/static/deep/b ü.js") is not None
    assert places.file("/a.css") is not None
    for path in (
        "/static/../out.css",
        "/static/",
        "/static",
        "/nothing",
        "/static/sub",
        "/static/a.css/",
    ):
        assert places.file(path) is None, path
    assert len(places.folders()) == 3


# Reports


def test_pages_are_told_what_an_exec_reload_changed_and_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "pkg" / "a.py")
    outcome = Outcome(
        True,
        "exec",
        (path,),
        changes=(Change("~", path, "f", "body"), Change("+", path, "g", "new")),
        reload=Reload(kept={"websocket": 2}, lost=("1 TLS connection",), blackout_ms=12.34),
    )
    facts = reports.patched(outcome, str(tmp_path))
    assert facts["files"] == ["pkg/a.py"]
    assert facts["changed"] == ["f", "+ g"]
    assert facts["blackout_ms"] == 12.3
    json.dumps(facts)

    fault = Fault(
        "HS1",
        "NameError",
        "x",
        path=path,
        line=3,
        column=2,
        text="x",
        frames=(Frame(path, 9, "outer"), Frame(path, 3, "inner")),
    )
    frames = reports.faulted(fault, str(tmp_path), kind="python")["frames"]
    assert [(f["rel"], f["line"], f["func"]) for f in frames] == [
        ("pkg/a.py", 3, "inner"),
        ("pkg/a.py", 9, "outer"),
    ]


def test_an_exec_that_is_about_to_happen_is_no_event(tmp_path: Path) -> None:
    made = browser(tmp_path)
    made.outcome(Outcome(False, "exec", ("a.py",), reason="base class changed"))
    assert made._channel.last == 0


def test_an_unchanged_file_takes_its_fault_away_without_disturbing_the_page(tmp_path: Path) -> None:
    made = browser(tmp_path)
    made.outcome(
        Outcome(
            False, None, ("a.py",), fault=Fault("HS1", "t", "m", path="a.py"), pending=("a.py",)
        )
    )
    assert len(made._channel.errors) == 1
    made.outcome(Outcome(True, "noop", ("a.py",)))
    assert [event["t"] for event in made._channel.ring] == ["error", "ok"]
    assert made._channel.errors == {}


# The client


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_client_is_one_valid_classic_script(tmp_path: Path) -> None:
    (tmp_path / "client.cjs").write_bytes(client.client_source())
    checked = subprocess.run(
        ["node", "--check", str(tmp_path / "client.cjs")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_each_of_its_modules_is_a_valid_module(tmp_path: Path) -> None:
    assert sorted(client.ORDER) == sorted(path.name for path in (STATIC / "client").iterdir())
    for name in client.ORDER:
        copy = tmp_path / f"{name}.mjs"
        copy.write_bytes((STATIC / "client" / name).read_bytes())
        checked = subprocess.run(
            ["node", "--check", str(copy)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr


def test_their_names_do_not_clash() -> None:
    """They share one scope in the page: two functions of one name would silently be one."""
    declared = re.compile(
        r"^(?:export )?(?:async )?(?:function\*?|const|let|class) +(\w+)", re.MULTILINE
    )
    several = re.compile(r"^(?:export )?(?:const|let) +[\[{]", re.MULTILINE)
    names: list[str] = []
    for name in client.ORDER:
        source = (STATIC / "client" / name).read_text()
        assert not several.search(source), f"{name}: a top-level name that this test does not see"
        names += declared.findall(source)
    assert sorted(names) == sorted(set(names))


def test_every_import_comes_before_its_use() -> None:
    for place, name in enumerate(client.ORDER):
        for imported in re.findall(r"from '\./([\w.]+)'", (STATIC / "client" / name).read_text()):
            assert imported in client.ORDER[:place], f"{name} imports {imported}"


def test_what_was_saved_while_the_process_was_away(tmp_path: Path) -> None:
    """From the moment an exec reload begins until the new image watches nobody hears of a save."""
    static = tmp_path / "static"
    for name in ("before.css", "after.css", "deep/page.html"):
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        (static / name).write_text("x")
    first, second = browser(tmp_path), browser(tmp_path)
    second.serves([("/static", str(static))], [str(static / "deep")])
    assert second.missed() == []  # a first start has left nothing behind
    carried = first.carry()
    left: Any = carried["left"]
    os.utime(static / "before.css", (left - 5, left - 5))
    os.utime(static / "after.css", (left + 1, left + 1))
    second.adopt(carried)
    assert sorted(second.missed()) == [
        str(static / "after.css"),
        str(static / "deep" / "page.html"),
    ]
    assert second.missed() == []

"""Every way a program saves is seen once, and only when it is complete: real files, real inotify."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hotswap.testing import DEADLINE, Live, Project
from hotswap.watch import Watcher, kernel
from hotswap.watch.disk import Disk, Sign, sign
from hotswap.watch.settle import REPLACED
from tests.live.styles import STYLES

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify"),
]

OLD = "VALUE = 1\n"
NEW = (
    "VALUE = 2\n"
    + "# a line of padding, so that the file has several chunks\n" * 40
    + "END = VALUE\n"
)


@dataclass
class Listener:
    """Takes from a watcher as a session does, and writes down what each file held at that moment.

    Files and events are real, and the time that the watcher gives a save is played: it passes when a test is calm, so
    that no pause of the machine in the middle of a save comes into it.

    Unchanged bytes are dropped, as the swapper does: who truncates, closes, opens and writes again may be seen twice.
    """

    root: Path
    files: list[Path]
    poll: float | None = None
    disk: Disk = field(default_factory=Disk)
    now: float = 0.0
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    batches: list[tuple[str, ...]] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)
    breaths: int = 0
    known: dict[str, object] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.watcher = Watcher(
            wake=self.woken.set,
            poll=self.poll,
            clock=lambda: self.now,
            disk=self.disk,
            observe=lambda post: kernel.Kernel(lambda event: self.hear(post, event)),
        )
        self.watcher.watch([str(file) for file in self.files], roots=[str(self.root)])
        self.watcher.start()
        assert self.watcher.take().problems == ()

    def hear(self, post, event: kernel.Event) -> None:
        """On watchdog's thread: the watcher gets an event."""
        post(event)
        if event.kind == "closed":
            with self.news:
                self.closed.add(event.path)
                self.news.notify_all()

    def take(self) -> float | None:
        settled = self.watcher.take()
        if settled.files:
            self.batches.append(tuple(os.path.relpath(path, self.root) for path in settled.files))
        for path in settled.files:
            there = Path(path).read_text() if os.path.exists(path) else None
            if self.known.get(path, self) != there:
                self.seen.append((os.path.relpath(path, self.root), there))
            self.known[path] = there
        return settled.again

    def breath(self, *, calm: bool = False) -> None:
        """Come back when all that happened so far was taken; `calm`: and the time it is given has passed."""
        looked: tuple[str, ...] | None = None
        again: float | None = None
        while looked != self.watcher.directories or (calm and again is not None):
            if looked != self.watcher.directories:
                looked = self.watcher.directories
                self.hand_over(looked)
            if calm and again is not None:
                self.now += again
            again = self.take()

    def hand_over(self, directories: tuple[str, ...]) -> None:
        """Wait until the watcher has the events of all directories, each of which has a thread; or looked itself."""
        if self.poll is not None:
            self.woken.wait(0.5)
            self.woken.clear()
            return
        self.breaths += 1
        marks = {os.path.join(d, f".breath{self.breaths}") for d in directories if os.path.isdir(d)}
        for mark in marks:
            Path(mark).touch()
        with self.news:
            assert self.news.wait_for(lambda: marks <= self.closed, DEADLINE), marks - self.closed


@pytest.fixture
def place(tmp_path):
    root, away = tmp_path / "project", tmp_path / "away"
    root.mkdir()
    away.mkdir()
    return root, away


@pytest.fixture
def listen(place):
    listeners = []

    def begin(*files: Path, **options) -> Listener:
        listener = Listener(place[0], list(files), **options)
        listeners.append(listener)
        return listener

    yield begin
    for listener in listeners:
        listener.watcher.stop()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_each_style_is_one_whole_save(place, listen, style):
    root, away = place
    path = root / "chat.py"
    path.write_text(OLD)
    listener = listen(path)
    style(path, NEW, away, listener.breath)
    listener.breath(calm=True)
    assert listener.seen == [("chat.py", NEW)]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_each_style_behind_a_symbolic_link(place, listen, style):
    root, away = place
    shared = away / "shared"
    shared.mkdir()
    target = shared / "chat.py"
    target.write_text(OLD)
    link = root / "chat.py"
    link.symlink_to(target)
    listener = listen(link)
    style(target, NEW, away, listener.breath)
    listener.breath(calm=True)
    assert [text for _, text in listener.seen if text != NEW] == []
    assert {name for name, _ in listener.seen} == {"chat.py"}
    assert len(listener.seen) == 1


def test_a_link_that_is_pointed_elsewhere(place, listen):
    root, away = place
    for version, text in (("v1", OLD), ("v2", NEW)):
        (away / version).mkdir()
        (away / version / "chat.py").write_text(text)
    (root / "current").symlink_to(away / "v1")
    (root / "chat.py").symlink_to("current/chat.py")
    listener = listen(root / "chat.py")
    (root / "next").symlink_to(away / "v2")
    (root / "next").replace(root / "current")
    listener.breath(calm=True)
    assert listener.seen == [("chat.py", NEW)]


def test_a_touch_is_no_save(place, listen):
    root, _ = place
    path = root / "chat.py"
    path.write_text(OLD)
    listener = listen(path)
    os.utime(path)
    path.read_text()
    path.chmod(0o600)
    listener.breath(calm=True)
    assert listener.seen == []


def test_deleted_for_good(place, listen):
    root, _ = place
    path = root / "chat.py"
    path.write_text(OLD)
    listener = listen(path)
    path.unlink()
    listener.breath(calm=True)
    assert listener.seen == [("chat.py", None)]


def test_twenty_saves_in_a_row_end_with_the_last(place, listen):
    root, away = place
    path = root / "chat.py"
    path.write_text(OLD)
    listener = listen(path)
    for number in range(20):
        style = STYLES[number % len(STYLES)]
        style(path, f"{NEW}LAST = {number}\n", away, listener.breath)
        listener.breath(calm=True)
    texts = [text for _, text in listener.seen]
    assert texts == [f"{NEW}LAST = {number}\n" for number in range(20)]


def git(root: Path, *arguments: str) -> None:
    subprocess.run(
        [
            "git",
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@x",
            "-c",
            "init.defaultBranch=main",
            *arguments,
        ],
        cwd=root,
        check=True,
        capture_output=True,
    )


def test_a_checkout_of_hundreds_of_files_is_one_batch(place, listen):
    root, _ = place
    files = [root / f"pkg{number % 7}" / f"m{number}.py" for number in range(300)]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(OLD)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "old")
    git(root, "checkout", "-q", "-b", "new")
    for file in files:
        file.write_text(NEW)
    git(root, "commit", "-q", "-a", "-m", "new")
    working = threading.Event()

    def sign_of(path: str) -> Sign | None:
        """At work until it has ended, whenever it is that the watcher looks."""
        locked = working.is_set() and path.endswith("index.lock")
        return Sign(time.time_ns(), 0, 0) if locked else sign(path)

    listener = listen(*files, disk=Disk(sign=sign_of))
    # git works in the background while batches are taken, as in life.
    for branch, text in (("main", OLD), ("new", NEW)):
        listener.seen.clear()
        listener.batches.clear()
        working.set()
        worker = threading.Thread(target=git, args=(root, "checkout", "-q", branch))
        worker.start()
        while worker.is_alive():
            again = listener.take()
            listener.woken.wait(0.05 if again is None else again)
            listener.woken.clear()
        worker.join()
        listener.breath()
        working.clear()
        listener.breath(calm=True)
        assert [len(batch) for batch in listener.batches] == [300]
        assert {content for _, content in listener.seen} == {text}


def test_a_new_package_and_a_renamed_one(place, listen):
    root, _ = place
    (root / "pkg").mkdir()
    (root / "pkg" / "a.py").write_text(OLD)
    listener = listen(root / "pkg" / "a.py")
    (root / "pkg" / "sub" / "deep").mkdir(parents=True)
    (root / "pkg" / "sub" / "deep" / "x.py").write_text(NEW)
    end = time.monotonic() + DEADLINE
    while not listener.seen:
        assert time.monotonic() < end
        listener.breath(calm=True)
    assert {name for name, _ in listener.seen} == {"pkg/sub/deep/x.py"}
    listener.seen.clear()
    listener.batches.clear()
    (root / "pkg").rename(root / "kit")
    listener.breath(calm=True)
    assert ("kit/a.py", "pkg/a.py") in listener.batches  # the tracked one: both ends together
    assert ("kit/sub/deep/x.py",) in listener.batches


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_each_style_is_seen_by_polling(place, listen, style):
    """Rounds that are far apart may see less, never a half file."""
    root, away = place
    path = root / "chat.py"
    path.write_text(OLD)
    listener = listen(path, poll=0.01)
    style(path, NEW, away, lambda: None)
    end = time.monotonic() + DEADLINE
    while not listener.seen:
        assert time.monotonic() < end
        listener.breath(calm=True)
    assert listener.seen[-1] == ("chat.py", NEW)
    assert {text for _, text in listener.seen} <= {NEW, None}


APP = """
import sentinel
from chat import VALUE, answer

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer().encode()})
"""

CHAT = """
VALUE = {number}
kept = []

def answer():
    kept.append(VALUE)
    return f"{{VALUE}} {{len(kept)}}"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("served"))
    project.write(main=APP, chat=CHAT.format(number=0), sentinel="MARK = 0\n")
    with Live("main:app", ("--no-browser",), project=project) as live:
        yield live


def swaps_of(live: Live, save) -> tuple[list[dict], float]:
    """Save, and give the outcomes that name chat.py until a later save was swapped, too; and how long saving took."""
    since = len(live.events)
    begun = time.monotonic()
    save()
    took = time.monotonic() - begun
    live.outcome_of("chat.py", since=since)
    live.save("sentinel.py", f"MARK = {time.monotonic_ns()}\n")
    return [
        event
        for event in live.events[since:]
        if event["event"] == "outcome" and any(name.endswith("chat.py") for name in event["files"])
    ], took


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_each_style_is_one_swap_of_a_running_server(server, tmp_path, style):
    before, seen = (int(part) for part in server.get("/").text.split())
    path = server.project.path("chat.py")
    text = CHAT.format(number=before + 1) + "# padding of several chunks\n" * 100
    swaps, took = swaps_of(server, lambda: style(path, text, tmp_path, lambda: None))
    if took < REPLACED:
        assert [event["verdict"] for event in swaps] == ["swapped"]
        assert server.get("/").text == f"{before + 1} {seen + 1}"  # the new value, the old list
        return
    # The machine paused in the middle: nobody could tell the first step from a save of its own.
    end = time.monotonic() + DEADLINE
    while server.get("/").text.split()[0] != str(before + 1):
        assert time.monotonic() < end


def test_a_checkout_is_swapped_into_a_running_server(tmp_path):
    """In one swap, where nothing pauses: test_a_checkout_of_hundreds_of_files_is_one_batch."""
    project = Project(tmp_path / "many")
    names = [f"m{number}" for number in range(200)]
    project.write(
        main="".join(f"import {name}\n" for name in names)
        + """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(m0.f() + m199.f()).encode()})
"""
    )
    project.write(**dict.fromkeys(names, "def f():\n    return 1\n"))
    git(project.root, "init", "-q")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "old")
    git(project.root, "checkout", "-q", "-b", "new")
    project.write(**dict.fromkeys(names, "def f():\n    return 2\n"))
    git(project.root, "commit", "-q", "-a", "-m", "new")
    with Live("main:app", ("--no-browser",), project=project) as live:
        assert live.get("/").text == "4"
        git(project.root, "checkout", "-q", "main")
        swapped: list[str] = []
        for number in range(200):
            live.wait(lambda event, n=number: len(live.outcomes) > n)
            outcome = live.outcomes[number]
            assert outcome["verdict"] == "swapped"
            swapped += outcome["files"]
            if len(swapped) == 200:
                break
        assert len(set(swapped)) == 200
        assert live.get("/").text == "2"


def test_ten_saves_a_second_every_other_one_broken(server):
    path = server.project.path("chat.py")
    good = path.read_text()
    for number in range(10):
        since = len(server.events)
        path.write_text(f"{good}LAST = {number}\n" if number % 2 else f"{good}def broken(:\n")
        event = server.outcome_of("chat.py", since=since)
        assert event["verdict"] == ("swapped" if number % 2 else "fault")
    assert server.get("/").status == 200

"""The session's parts that need no server: the quiet point, questions, options read again, hooks for files."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap import control, hooks
from hotswap.data import listeners
from hotswap.options import Options, load
from hotswap.session import desk, pages
from hotswap.session.configure import read_again
from hotswap.session.quiet import QuietPoint
from hotswap.source.model import Change, Fault, Frame, Outcome, Reload, Stale, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(name="quiet")
def _quiet() -> Iterator[QuietPoint]:
    point = QuietPoint()
    point.install()
    yield point
    point.uninstall()


def loops() -> list[Callable[[], asyncio.AbstractEventLoop]]:
    made: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop]
    try:
        import uvloop
    except ImportError:
        return made
    return [*made, uvloop.new_event_loop]


@pytest.mark.parametrize("factory", loops(), ids=lambda made: made.__module__)
def test_work_is_done_between_the_callbacks_of_a_loop_that_runs(
    quiet: QuietPoint, factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    where: list[str] = []

    async def main() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            where.append(threading.current_thread().name)
            loop.call_soon(done.set)

        await asyncio.to_thread(quiet.soon, work)
        await asyncio.wait_for(done.wait(), 10)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())

    assert where == [threading.main_thread().name]
    assert quiet.loop is None


def test_without_a_loop_work_is_done_at_once_by_who_brings_it(quiet: QuietPoint) -> None:
    where: list[str] = []

    def bring() -> None:
        quiet.soon(lambda: where.append(threading.current_thread().name))

    thread = threading.Thread(target=bring, name="bringer")
    thread.start()
    thread.join()

    assert where == ["bringer"]


def test_the_main_thread_stands_still_while_work_is_done_beside_it(quiet: QuietPoint) -> None:
    """Even while that lets go of the interpreter."""
    turns = 0
    seen: list[int] = []

    def work() -> None:
        seen.append(turns)
        threading.Event().wait(0.1)
        seen.append(turns)

    thread = threading.Thread(target=lambda: quiet.soon(work))
    thread.start()
    while len(seen) < 2:
        turns += 1
    thread.join()

    assert seen[1] - seen[0] <= 1


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="the system does not tell")
def test_work_that_sleeps_again_and_again_is_not_taken_for_stuck(quiet: QuietPoint) -> None:
    """It is found at the same instruction each time, and has run in between."""
    turns = 0
    seen: list[int] = []

    def work() -> None:
        seen.append(turns)
        for _ in range(14):
            threading.Event().wait(0.06)
        seen.append(turns)

    thread = threading.Thread(target=lambda: quiet.soon(work))
    thread.start()
    while len(seen) < 2:
        turns += 1
    thread.join()

    assert seen[1] - seen[0] <= 1


def test_what_waits_for_the_main_thread_gets_it(quiet: QuietPoint) -> None:
    """A lock that the main thread has, say: it goes on after a while."""
    lock = threading.Lock()
    came = threading.Event()

    def work() -> None:
        came.set()
        with lock:
            came.clear()

    thread = threading.Thread(target=lambda: quiet.soon(work))
    with lock:
        thread.start()
        while not came.is_set():
            pass
    thread.join(30)

    assert not came.is_set()


def test_a_main_thread_that_was_let_go_is_held_again_on_request(quiet: QuietPoint) -> None:
    """An exec reload waits for its trial import, and writes the state down after it."""
    turns = 0
    seen: list[int] = []
    going = threading.Event()

    def work() -> None:
        going.clear()
        going.wait(30)  # nobody but the main thread ends this
        quiet.hold_on()
        for _ in range(3):
            threading.Event().wait(0.02)
            seen.append(turns)

    thread = threading.Thread(target=lambda: quiet.soon(work))
    thread.start()
    while len(seen) < 3:
        turns += 1
        going.set()
    thread.join()

    assert seen[2] - seen[0] <= 1


def test_nobody_waits_for_work_that_another_thread_does(quiet: QuietPoint) -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def slow() -> None:
        begun.set()
        go_on.wait(10)
        done.append(1)

    thread = threading.Thread(target=quiet.soon, args=(slow,))
    thread.start()
    begun.wait(10)
    quiet.soon(lambda: done.append(2))  # comes back at once; the other thread does it

    assert done == []
    go_on.set()
    thread.join()
    assert done == [1, 2]


def test_what_was_to_be_done_later_outlives_the_loop_that_waited(quiet: QuietPoint) -> None:
    """``while True: asyncio.run(step())``: each of these loops is gone before the time has come."""
    done = threading.Event()

    async def main() -> None:
        quiet.later(0.05, done.set)

    asyncio.run(main())

    assert done.wait(30)


def test_a_loop_that_was_closed_this_moment_is_no_place_to_wait(quiet: QuietPoint) -> None:
    done = threading.Event()
    loop = asyncio.new_event_loop()
    loop.close()
    quiet._loops = {1: loop}  # as another thread still sees it

    quiet.later(0.0, done.set)

    assert done.wait(30)
    assert quiet.loop is None


def test_what_work_raises_goes_to_us_not_to_the_thread(quiet: QuietPoint) -> None:
    raised: list[Exception] = []
    quiet.on_error = raised.append
    done: list[int] = []

    quiet.soon(lambda: done[7])
    quiet.soon(lambda: done.append(1))

    assert [type(error) for error in raised] == [IndexError]
    assert done == [1]


def test_a_loop_on_the_main_thread_comes_before_others(quiet: QuietPoint) -> None:
    async def main() -> None:
        mine = asyncio.get_running_loop()
        inside = threading.Event()
        leave = threading.Event()

        async def other() -> None:
            inside.set()
            await asyncio.to_thread(leave.wait, 10)

        thread = threading.Thread(target=lambda: asyncio.run(other()))
        thread.start()
        await asyncio.to_thread(inside.wait, 10)
        assert quiet.loop is mine
        leave.set()
        await asyncio.to_thread(thread.join)

    asyncio.run(main())


def test_our_own_short_loops_are_no_place_to_swap(quiet: QuietPoint) -> None:
    async def mine() -> object:
        return quiet.loop

    assert quiet.run_apart(mine()) is None


@pytest.fixture(name="listening")
def _listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "address", lambda pid: f"\0hotswap-test-{os.getpid()}-{pid}")


@pytest.mark.skipif(not control.ABSTRACT, reason="abstract sockets are Linux's")
@pytest.mark.usefixtures("listening")
def test_questions_are_answered_on_the_loop_at_once_or_later() -> None:
    def later(words: list[str], answer: Callable[[dict[str, Any]], None]) -> None:
        asyncio.get_running_loop().call_soon(answer, {"words": words})

    async def main() -> list[Any]:
        one = control.Control({"now": lambda _, answer: answer({"yes": True}), "later": later})
        one.start(asyncio.get_running_loop())
        try:
            return [
                await asyncio.to_thread(control.query, os.getpid(), question)
                for question in (["now"], ["later", "a"], ["what"], ["now", "x" * 100_000])
            ]
        finally:
            one.stop()

    now, then, unknown, long = asyncio.run(main())

    assert now == long == {"yes": True}
    assert then == {"words": ["a"]}
    assert "no such question" in unknown["error"]
    assert control.query(os.getpid(), ["now"]) is None


def test_only_sessions_of_this_directory_are_asked(tmp_path: Path) -> None:
    """``--ask-reload`` must never reload what somebody runs elsewhere."""
    here, away = (1, {"root": str(tmp_path / "a")}), (2, {"root": "/elsewhere"})

    assert control.near([here, away], str(tmp_path)) == [here]
    assert control.near([away], str(tmp_path)) == []


def test_a_changed_table_is_split_into_now_and_later(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('[tool.hotswap]\nexec = "auto"\nport = 1\n')
    options = load({"port": 9}, start=str(tmp_path))
    file.write_text('[tool.hotswap]\nexec = "ask"\nport = 2\nhost = "::1"\n')

    reading = read_again(options, str(tmp_path), str(file))

    assert (reading.now, reading.later) == (("exec",), ("host",))
    assert (reading.options.exec, reading.options.host) == ("ask", "127.0.0.1")
    assert reading.options.port == 9  # the flag still wins


def test_a_table_that_cannot_be_used_leaves_the_options_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    options = load({}, start=str(tmp_path))
    file.write_text("[tool.hotswap]\nexec = \n")

    reading = read_again(options, str(tmp_path), str(file))

    assert reading.fault is not None
    assert reading.fault.code == "HS703"
    assert reading.options is options


@pytest.mark.parametrize(
    ("glob", "path", "verdict"),
    [
        ("*.sql", "a.sql", True),
        ("*.sql", "b/a.sql", False),
        ("b/*.sql", "b/a.sql", True),
        ("**/*.sql", "a.sql", True),
        ("**/*.sql", "b/c/a.sql", True),
        ("b/**", "b/c/a.sql", True),
        ("./b/?.sql", "b/a.sql", True),
        ("b/[ab].sql", "b/a.sql", True),
        ("b/[!ab].sql", "b/a.sql", False),
        ("b/a+sql", "b/a.sql", False),
    ],
)
def test_globs_are_relative_to_the_project(glob: str, path: str, verdict: bool) -> None:
    assert listeners.matches(f"/p/{path}", glob, "/p") is verdict
    assert listeners.matches(f"/p/{path}", f"/p/{glob.removeprefix('./')}", "/elsewhere") is verdict


@pytest.fixture(name="registry")
def _registry(monkeypatch: pytest.MonkeyPatch) -> hooks.Runtime:
    runtime = hooks.Runtime()
    monkeypatch.setattr(hooks, "runtime", runtime)
    return runtime


def test_listeners_are_called_in_order_until_one_raises(registry: hooks.Runtime) -> None:
    heard: list[str] = []

    def bad(_: str) -> None:
        raise ValueError("no")

    registry.file_listeners["m"] = [
        (("*.txt",), heard.append),
        (("*.txt",), bad),
        (("*.txt",), heard.append),
    ]

    fault = listeners.call(["/p/a.txt", "/p/b.txt"], "/p", lambda _: None)

    assert heard == ["/p/a.txt"]
    assert fault is not None
    assert (fault.code, fault.message) == ("HS203", "ValueError: no")
    assert listeners.of("/p/a.json", "/p") == []


def test_async_listeners_run_on_the_loop_and_report_later(registry: hooks.Runtime) -> None:
    async def bad(_: str) -> None:
        raise ValueError("late")

    registry.file_listeners["m"] = [(("*",), bad)]
    failed: list[Fault] = []

    async def main() -> None:
        told = asyncio.Event()
        assert (
            listeners.call(["/p/a"], "/p", lambda fault: (failed.append(fault), told.set())) is None
        )
        await asyncio.wait_for(told.wait(), 10)

    asyncio.run(main())

    assert [fault.message for fault in failed] == ["ValueError: late"]


def test_an_outcome_survives_the_way_through_the_carrier() -> None:
    from dataclasses import asdict

    before = Outcome(
        ok=False,
        rung="exec",
        files=("a.py",),
        changes=(Change("!", "a.py", "A", "slots"),),
        stale=(Stale("spin", "thread", "it is executing"),),
        fault=Fault("HS201", "raised", "ValueError", frames=(Frame("a.py", 1, "f"),)),
        reason="slots",
        reload=Reload(kept={"http": 1}, lost=("one",)),
    )
    words = json.loads(json.dumps({**asdict(before), "unknown": 1}))

    assert outcome_of(words) == before


def test_a_socket_that_was_handed_over_is_asked_where_it_is_bound() -> None:
    """What started the program bound it, to all addresses perhaps: `host` says nothing then."""
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        options = Options(fd=everywhere.fileno())
        assert pages.hosts(SimpleNamespace(options=options, handed=())) == ["0.0.0.0"]
    handed = ("sock:0.0.0.0:8000", "sock:127.0.0.1:8000", "sock::::8000", "sock:/run/app.sock")
    session = SimpleNamespace(options=Options(), handed=handed)
    assert pages.hosts(session) == ["0.0.0.0", "127.0.0.1", "::", None]
    assert pages.hosts(SimpleNamespace(options=Options(uds="a.sock"), handed=())) == [None]
    assert pages.hosts(SimpleNamespace(options=Options(), handed=())) == ["127.0.0.1"]


@pytest.mark.parametrize(("fd", "reads"), [(None, True), (3, False)])
def test_keys_are_not_read_by_one_of_several_on_a_terminal(
    fd: int | None, reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_has_keyboard", lambda: True)
    session: Any = SimpleNamespace(
        options=Options(fd=fd), plan=None, stop=None, undo=None, console=SimpleNamespace(say=print)
    )
    loop = asyncio.new_event_loop()
    made = desk.Desk(session)
    try:
        made.join(loop)
        assert (made.keys is not None) is reads
    finally:
        made.close()
        loop.close()

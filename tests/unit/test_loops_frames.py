"""Frames are read and written exactly, or refused; what cannot be proved is never written."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from dataclasses import replace
from types import CodeType, GeneratorType
from typing import Any

import pytest

from hotswap.live.journal import MISSING, Journal
from hotswap.live.loops import layouts, supported
from hotswap.live.loops.bytecode import Facts
from hotswap.live.loops.frames import Frames, code_of
from hotswap.live.loops.landing import landing
from hotswap.live.loops.model import Refused
from tests.unit.loops_live import Live, kinds

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

OLD = """
async def work(token):
    n = 0
    held = [token]
    more = lambda: n
    while True:
        text = await step("recv")
        n += 1
        log.append(("v1", n, text))
"""
NEW = (
    OLD.replace("v1", "v2")
    .replace("    held = [token]\n", "    other = [1]\n")
    .replace("n, text)", "n, text, other)")
)


class Token:
    """Something whose end is seen."""


def parked(source: str = OLD, *arguments: Any) -> tuple[Live, Any]:
    live = Live(source)
    frame = live["work"](*arguments)
    frame.send(None)
    return live, frame


def test_a_frame_is_read_as_the_interpreter_shows_it() -> None:
    token = Token()
    _, frame = parked(OLD, token)

    read = Frames(Facts).read(frame)

    assert read.started
    assert read.value("token") is token
    assert read.value("n") == 0
    assert read.value("held") == [token]
    assert read.value("text") is MISSING
    assert read.value("nothing") is MISSING
    assert type(read.stack[-1]) is GeneratorType
    assert read.globals is frame.cr_frame.f_globals
    assert read.function.__name__ == "work"
    frame.close()


def test_reading_leaves_no_trace() -> None:
    token = Token()
    _, frame = parked(OLD, token)
    gone = weakref.ref(token)
    before = sys.getrefcount(token)

    Frames(Facts).read(frame)

    assert sys.getrefcount(token) == before
    frame.close()
    del token
    assert gone() is None


@pytest.mark.parametrize("commit", [True, False])
def test_references_are_level(commit: bool) -> None:
    token = Token()
    live, frame = parked(OLD, token)
    old: CodeType = frame.cr_code
    counts = sys.getrefcount(token), sys.getrefcount(old)

    live.swap(NEW, owners=[frame], commit=commit, functions=False)
    del live.journal
    gc.collect()

    if commit:
        assert sys.getrefcount(token) == counts[0] - 1  # `held` is gone
    else:
        assert (sys.getrefcount(token), sys.getrefcount(old)) == counts
        assert frame.cr_code is old
    frame.send("a")
    assert live.log == [("v2", 1, "a", [1]) if commit else ("v1", 1, "a")]
    frame.close()


def test_finalisers_run_at_commit_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    live, frame = parked(
        "async def work(make):\n    held = make()\n    while True: await step(1)\n", Token
    )
    seen: list[str] = []
    weakref.finalize(Frames(Facts).read(frame).value("held"), seen.append, "ended")
    commit = Journal.commit

    def watched(journal: Journal) -> None:
        seen.append("commit")
        commit(journal)

    monkeypatch.setattr(Journal, "commit", watched)
    live.swap("async def work(make):\n    while True: await step(1)\n", owners=[frame])
    gc.collect()

    assert seen == ["commit", "ended"]
    frame.close()


def test_a_frame_that_was_resumed_in_between_stays_new_when_rolled_back() -> None:
    live, frame = parked(OLD, 1)
    live.swap(OLD, owners=[frame])  # equal: nothing to do
    journal = Journal()
    read = Frames(Facts).read(frame)
    other = Live(NEW)
    facts = Facts(other["work"].__code__)
    target = landing(facts, facts.suspensions[0])
    slots = [
        MISSING if name not in read.names else read.slots[read.names.index(name)]
        for name in target.names
    ]
    slots[target.names.index("other")] = [7]
    fits = target.code.replace(co_stacksize=read.capacity - len(target.names))
    Frames(Facts).write(read, replace(target, code=fits), slots, journal)
    frame.send("x")
    journal.roll_back()
    frame.send("y")

    assert live.log == [("v2", 1, "x", [7]), ("v2", 2, "y", [7])]
    frame.close()


def test_a_frame_that_moved_since_it_was_read_is_not_written() -> None:
    live, frame = parked(OLD, 1)
    read = Frames(Facts).read(frame)
    frame.send("a")
    facts = Facts(read.code)
    target = landing(facts, read.offset)

    with pytest.raises(Refused, match="changed while it was swapped"):
        Frames(Facts).write(read, target, list(read.slots), Journal())

    frame.send("b")
    assert live.log == [("v1", 1, "a"), ("v1", 2, "b")]
    frame.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "size"}, "another size"),
        ({"stack": ()}, "other nesting"),
        ({"started": False}, "other nesting"),
        ({"demanded": frozenset({"text"})}, "would be read before"),
        ({"cells": frozenset({"held", "n"})}, "has no cell"),
        ({"own_stack": 10_000}, "no room"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], reason: str) -> None:
    live, frame = parked(OLD, 1)
    read = Frames(Facts).read(frame)
    facts = Facts(read.code)
    target = landing(facts, read.offset)
    if change.get("code") == "size":
        change = {"code": read.code.replace(co_stacksize=read.code.co_stacksize + 1)}

    with pytest.raises(Refused, match=reason):
        Frames(Facts).write(read, replace(target, **change), list(read.slots), Journal())

    frame.send("a")
    assert live.log == [("v1", 1, "a")]
    frame.close()


def test_what_is_not_suspended_is_refused() -> None:
    _live, frame = parked(OLD, 1)
    frame.close()
    reader = Frames(Facts)

    with pytest.raises(Refused, match="has ended"):
        reader.read(frame)
    with pytest.raises(Refused, match="no Python frame"):
        reader.read(iter([1]))

    def running() -> Any:
        with pytest.raises(Refused, match="it is running"):
            reader.read(me)
        yield

    me = running()
    next(me)
    assert code_of(42) is None


def test_a_generator_running_in_another_thread_is_refused() -> None:
    inside, leave = threading.Event(), threading.Event()

    def busy() -> Any:
        yield 1
        inside.set()
        leave.wait(30)
        yield 2

    generator = busy()
    next(generator)
    thread = threading.Thread(target=lambda: next(generator))
    thread.start()
    assert inside.wait(30)

    with pytest.raises(Refused, match="it is running"):
        Frames(Facts).read(generator)

    leave.set()
    thread.join(30)
    assert Frames(Facts).read(generator).started


def test_capacity_never_grows_over_many_edits() -> None:
    live, frame = parked(OLD, 1)
    room = Frames(Facts).read(frame).capacity
    for number in range(60):
        extra = "".join(f"    x{number}_{i} = {i}\n" for i in range(number % 7))
        live.swap(
            OLD.replace("    n = 0\n", f"    n = 0\n{extra}"), owners=[frame], functions=False
        )
        frame.send("a")
        assert Frames(Facts).read(frame).capacity == room
    frame.close()


def test_without_room_the_frame_stays() -> None:
    names = "".join(f"    x{i} = {i}\n" for i in range(60))
    uses = "".join(f"        log.append(x{i})\n" for i in range(60))
    live, frame = parked(OLD, 1)

    [verdict] = live.swap(OLD.replace("    n = 0\n", f"    n = 0\n{names}") + uses, owners=[frame])

    assert (verdict.kind, verdict.reason) == ("stale", "no room for so many new locals")
    frame.send("a")
    assert live.log == [("v1", 1, "a")]
    frame.close()


def test_async_generators_of_an_event_loop_are_found() -> None:
    source = (
        "async def work():\n    n = 0\n    while True:\n        n += 1\n        yield ('v1', n)\n"
    )

    async def main() -> list[Any]:
        live = Live(source)
        events = live["work"]()
        seen = [await anext(events)]
        verdicts = live.swap(source.replace("v1", "v2"), owners=[events])
        assert kinds(verdicts) == ["take"]
        seen.append(await anext(events))
        await events.aclose()
        return seen

    assert asyncio.run(main()) == [("v1", 1), ("v2", 2)]


def test_interpreters_that_are_not_known_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert layouts.unknown() == ""
    monkeypatch.setattr(layouts, "LAYOUTS", {})
    assert "are not known" in layouts.unknown()
    monkeypatch.undo()
    monkeypatch.setattr(layouts.sysconfig, "get_config_var", lambda name: 1)
    assert "free-threaded" in layouts.unknown()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "getobjects", list, raising=False)
    assert "Py_TRACE_REFS" in layouts.unknown()


def test_a_wrong_layout_is_refused_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    live, frame = parked(OLD, 1)
    version = sys.version_info[:2]
    right = layouts.LAYOUTS[version]
    for wrong in (
        replace(right, code=right.code + 1),
        replace(right, globals=right.globals + 1),
        replace(right, frame_object=right.frame_object - 1),
        replace(right, function=right.globals),
        replace(right, advance=right.advance + 2),
        replace(right, created=5, suspended=6, delegating=7),
    ):
        monkeypatch.setitem(layouts.LAYOUTS, version, wrong)
        [verdict] = live.swap(NEW, owners=[frame], commit=False, functions=False)
        assert verdict.kind == "stale"
    monkeypatch.setitem(layouts.LAYOUTS, version, right)
    frame.send("a")
    assert live.log == [("v1", 1, "a")]
    frame.close()

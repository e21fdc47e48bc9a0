"""After a swap, frames follow, and whatever still runs superseded code is named."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live import running
from hotswap.live.journal import Journal
from hotswap.live.loops import supported
from hotswap.live.loops.bytecode import roomy
from hotswap.live.loops.frames import code_of
from hotswap.live.running import Followed, follow

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.live.loops.model import Suspended

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

JOBS = """
import asyncio
log = []
async def poll(queue):
    n = 0
    while True:
        item = await queue.get()
        n += 1
        log.append(("v1", n, item))
def spin(stop, ready):
    ready.set()
    while not stop.wait(0.001):
        v = "v1"
def numbers():
    while True:
        yield "v1"
"""
PATH = "/project/jobs.py"


def nested(code: CodeType) -> dict[str, CodeType]:
    return {c.co_qualname: c for c in code.co_consts if isinstance(c, CodeType)}


class Module:
    """What the engine knows of one module."""

    def __init__(self) -> None:
        self.text = JOBS
        self.codes = self._compiled(JOBS)
        self.space: dict[str, Any] = {"__name__": "jobs"}
        exec(roomy(compile(JOBS, PATH, "exec")), self.space)
        self.journal = Journal()

    def _compiled(self, text: str) -> dict[str, CodeType]:
        return nested(roomy(compile(text, PATH, "exec")))

    def follow(
        self, text: str, owners: list[Any], *, commit: bool = True, **options: Any
    ) -> Followed:
        new = self._compiled(text)
        pairs = {
            old: new[name] for name, old in self.codes.items() if name in new and old != new[name]
        }
        frames = [(owner, code) for owner in owners if (code := code_of(owner)) is not None]
        self.journal = Journal()
        texts = {PATH: (self.text.encode(), text.encode())}
        followed = follow(frames, pairs, texts, {PATH: new.values()}, self.journal, **options)
        if commit:
            self.journal.commit()
            self.text, self.codes = text, new
        else:
            self.journal.roll_back()
        return followed


def test_tasks_that_cannot_follow_are_named_and_counted() -> None:
    impure = JOBS.replace("    n = 0\n", "    n = 0\n    door = open(queue)\n").replace(
        "n, item)", "n, item, door)"
    )

    async def main() -> Followed:
        module = Module()
        tasks = [asyncio.create_task(module.space["poll"](asyncio.Queue())) for _ in range(3)]
        await asyncio.sleep(0)
        followed = module.follow(impure, [t.get_coro() for t in tasks])
        stale, notes = followed.finish()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert notes == ()
        [row] = stale
        assert (row.name, row.what, row.path, row.line, row.count) == ("poll", "task", PATH, 7, 3)
        assert row.reason == "door is bound by line 6, which would have to run"
        return followed

    asyncio.run(main())


def test_frames_that_follow_are_told_once() -> None:
    async def main() -> None:
        module = Module()
        queue: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(module.space["poll"](queue))
        await asyncio.sleep(0)
        numbers = module.space["numbers"]()
        next(numbers)
        edited = module.text.replace("v1", "v2").replace("n = 0", "n = 0\n    seen = []")
        edited = edited.replace("n += 1", "n += 1; seen.append(n)")
        stale, notes = module.follow(edited, [task.get_coro(), numbers]).finish()
        assert stale == ()
        assert notes == (
            "2 suspended frames run the new body: poll, numbers",
            "poll: seen is new: []",
        )
        queue.put_nowait("a")
        await asyncio.sleep(0)
        assert module.space["log"] == [("v2", 1, "a")]
        assert next(numbers) == "v2"

        edited = edited.replace("await queue.get()", "await asyncio.wait_for(queue.get(), 9)")
        _, notes = module.follow(edited, [task.get_coro()]).finish()
        assert notes == (
            "1 frame finishes its turn of poll (line 8) before the new body: its await was edited or is gone",
        )
        stale, notes = module.follow("# moved\n" + edited, [task.get_coro(), numbers]).finish()
        assert (stale, notes) == ((), ())  # other lines, the same body
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


def test_switched_off_every_frame_stays_and_is_named() -> None:
    module = Module()
    numbers = module.space["numbers"]()
    next(numbers)

    [row] = module.follow(JOBS.replace("v1", "v2"), [numbers], enabled=False).finish()[0]

    assert (row.what, row.reason, row.line) == ("generator", running.SWITCHED_OFF, 16)
    assert next(numbers) == "v1"


def test_a_function_that_is_gone_and_one_that_did_not_change() -> None:
    module = Module()
    numbers, poll = module.space["numbers"](), module.space["poll"](asyncio.Queue())
    next(numbers)
    without = JOBS[: JOBS.index("def numbers")]

    stale, _ = module.follow(without, [numbers, poll]).finish()

    assert [(row.name, row.reason) for row in stale] == [("numbers", "its function is gone")]
    poll.close()


def test_handlers_that_cannot_follow_are_entered_again() -> None:
    module = Module()
    one, two = module.space["numbers"](), module.space["numbers"]()
    next(one)
    next(two)
    asked: list[Any] = []

    def reenter(suspended: Suspended) -> bool:
        asked.append(suspended.owner)
        return suspended.owner is one

    followed = module.follow(
        JOBS.replace('yield "v1"', 'yield from "v2"').replace(
            "    while True:\n        yield", "    if 1:\n        yield"
        ),
        [one, two],
    )
    stale, notes = followed.finish(reenter)

    assert asked == [one, two]
    assert [row.count for row in stale] == [1]
    assert notes[0].startswith(
        "1 handler is entered again from the top, numbers: its await was edited"
    )


def test_rolled_back_frames_are_as_they_were() -> None:
    module = Module()
    numbers = module.space["numbers"]()
    next(numbers)
    module.follow(JOBS.replace("v1", "v2"), [numbers], commit=False)

    assert next(numbers) == "v1"
    module.follow(JOBS.replace("v1", "v3"), [numbers])
    assert next(numbers) == "v3"


def in_thread(module: Module, check: Callable[[], None]) -> None:
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=module.space["spin"], args=(stop, ready), name="spinner")
    thread.start()
    try:
        assert ready.wait(30)
        check()
    finally:
        stop.set()
        thread.join(30)


def test_a_thread_in_an_old_body_is_named_until_it_leaves() -> None:
    module = Module()

    def check() -> None:
        stale, _ = module.follow(JOBS.replace("v1", "v2"), []).finish()
        [row] = stale
        assert (row.name, row.what, row.path) == ("spin", "thread", PATH)
        assert row.reason == f"spinner: {running.EXECUTING}"
        assert row.line in (11, 12, 13)
        again, _ = module.follow(JOBS.replace("v1", "v3"), []).finish()
        assert [r.name for r in again] == ["spin"]

    in_thread(module, check)
    assert module.follow(JOBS.replace("v1", "v4"), []).finish()[0] == ()


def test_a_thread_in_an_unchanged_body_is_not_named() -> None:
    module = Module()
    edited = "# moved\n" + JOBS.replace('yield "v1"', 'yield "v2"')

    def check() -> None:
        assert module.follow(edited, []).finish()[0] == ()

    in_thread(module, check)


def test_a_running_generator_is_named_with_its_thread() -> None:
    module = Module()
    found: list[Any] = []

    def inside() -> None:
        followed = module.follow(text.replace("v1", "v2"), [me])
        found.extend(followed.finish()[0])

    text = JOBS.replace(
        "    while True:\n        yield", "    while True:\n        inside()\n        yield"
    )
    module.text, module.codes = text, module._compiled(text)
    exec(roomy(compile(text, PATH, "exec")), module.space)
    module.space["inside"] = inside
    me = module.space["numbers"]()
    next(me)

    [row] = found
    assert (row.name, row.what) == ("numbers", "thread")
    assert threading.current_thread().name in row.reason
    assert sys._getframe() is not None

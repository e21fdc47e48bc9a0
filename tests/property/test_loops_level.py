"""Many transplants leave references and memory level."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hotswap.live.loops import supported
from tests.unit.loops_live import Live

if TYPE_CHECKING:
    from types import CodeType

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

TEXTS = [
    """
async def work(token):
    n = 0
    kept = [token]
    while True:
        text = await step("recv")
        n += 1
""",
    """
async def work(token):
    n = 0
    kept = [token]
    more = {token: [token]}
    def held(): return more, n
    while True:
        try:
            text = await step("recv", kept)
            n += 1
        finally:
            pass
""",
    """
async def work(token):
    n = 0
    while True:
        words = await (step("recv") if token else None)
        n += 1
""",
    """
async def work(token):
    n = 0
    for turn in iter(int, 1):
        with room([], "x"):
            text = await step("recv")
            n += 1
""",
]


class Token:
    """Something whose references are counted."""


def swaps(count: int, copies: int) -> tuple[list[int], Token]:
    """Edit `copies` frames `count` times, to and fro; give the allocated blocks after each tenth."""
    token = Token()
    live = Live(TEXTS[0])
    frames = [live["work"](token) for _ in range(copies)]
    for frame in frames:
        frame.send(None)
    before = sys.getrefcount(token)
    levels = []
    for number in range(count):
        source = TEXTS[(number * 7 % 3)] if number % 10 else TEXTS[0]
        verdicts = live.swap(source, owners=frames, functions=False, commit=number % 5 != 3)
        assert all(v.kind in ("take", "finish") for v in verdicts), verdicts[0].reason
        for frame in frames:
            frame.send("text")
        if number % 10 == 0:
            gc.collect()
            levels.append(sys.getallocatedblocks())
    live.swap(TEXTS[0], owners=frames, functions=False)
    for frame in frames:
        frame.send("text")
    gc.collect()
    assert sys.getrefcount(token) <= before + copies
    for frame in frames:
        frame.close()
    return levels, token


def test_references_and_blocks_stay_level() -> None:
    levels, token = swaps(60, 5)

    del levels[0]
    assert max(levels) - min(levels) < 1500
    gc.collect()
    assert sys.getrefcount(token) == 2


def test_retired_code_is_freed() -> None:
    live = Live(TEXTS[0])
    frame = live["work"](Token())
    frame.send(None)
    retired: list[weakref.ref[CodeType]] = []
    for number in range(1, 13):
        retired.append(weakref.ref(frame.cr_code))
        live.swap(TEXTS[number % 3], owners=[frame])
        frame.send("text")
    gc.collect()

    alive = [r for r in retired if r() is not None and r() is not frame.cr_code]
    assert len(alive) <= 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_transplants_stay_level() -> None:
    levels, token = swaps(500, 25)

    settled = levels[5:]
    assert max(settled) - min(settled) < 3000
    gc.collect()
    assert sys.getrefcount(token) == 2


@pytest.mark.parametrize("turns", [150])
def test_a_generator_that_another_thread_drives_is_swapped_between_its_steps(turns: int) -> None:
    """The reading, comparing and writing of a frame is one step for other threads."""
    source = """
def work():
    n = 0
    while True:
        yield "v0", n
        n += 1
"""
    live = Live(source)
    generator = live["work"]()
    seen: list[tuple[str, int]] = []
    stop = threading.Event()

    def drive() -> None:
        for item in generator:
            seen.append(item)
            if stop.is_set():
                return

    thread = threading.Thread(target=drive)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    verdicts: Counter[str] = Counter()
    try:
        thread.start()
        for number in range(1, turns):
            swapped = live.swap(
                source.replace("v0", f"v{number}"), owners=[generator], functions=False
            )
            verdicts.update(v.kind for v in swapped)
    finally:
        stop.set()
        thread.join(30)
        sys.setswitchinterval(interval)

    assert [n for _, n in seen] == list(range(len(seen)))
    assert set(verdicts) <= {"take", "stale"}

"""Edit after edit of a loop that keeps doing the same in other forms: no message is lost, doubled or miscounted.

Some edits come before the one before has taken effect. The short profile runs by default; ``-m slow`` runs more.
"""

from __future__ import annotations

import os
import random
from typing import Final

import pytest

from hotswap.live.loops import supported
from tests.unit.loops_live import PRELUDE, Live, kinds

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

HELPERS: Final = (
    PRELUDE
    + """\
def same(x): return x
async def received():
    while True:
        yield await step("recv")
"""
)
SEEDS = int(os.environ.get("HOTSWAP_TEST_SEEDS", "20"))

FORMS: Final = [
    """
    n = 0
    while True:
        x = await step("recv")
        BODY
""",
    """
    n = 0
    async for x in received():
        BODY
""",
    """
    n = 0
    while (x := await step("recv")) != "quit":
        BODY
""",
    """
    n = 0
    while True:
        x = await same(step)("recv")
        BODY
""",
    """
    n = 0
    with contextlib.suppress(KeyError):
        while True:
            with contextlib.nullcontext():
                x = await step("recv")
            BODY
""",
    """
    count = 0
    while True:
        try:
            x = await step("recv")
            count += 1
            log.append(("L", x, count))
        finally:
            pass
""",
    """
    n = 0
    for _ in iter(int, 1):
        n += 1
        log.append(("L", await step("recv"), n))
""",
    """
    n = 0
    seen = []
    def note(x):
        nonlocal n
        n += 1
        seen.append(x)
        return n
    while True:
        x = await step("recv")
        log.append(("L", x, note(x)))
""",
    """
    n = 0
    while True:
        message = (await step("recv")).strip()
        n += 1
        log.append(("L", message, n))
""",
]


def text(form: str, label: str) -> str:
    lines = []
    for line in form.split("\n"):
        if line.strip() == "BODY":
            pad = line[: len(line) - 4]
            lines += [f"{pad}n += 1", f'{pad}log.append(("L", x, n))']
        else:
            lines.append(line)
    return "async def work():" + "\n".join(lines).replace('"L"', f'"{label}"')


def check(seed: int, edits: int = 12) -> tuple[int, int]:
    """Edit one frame `edits` times; give how many edits could follow, and how many could not."""
    chance = random.Random(seed)
    live = Live(text(FORMS[0], "v0"), prelude=HELPERS)
    frame = live["work"]()
    frame.send(None)
    sent, moved, stale = 0, 0, 0
    for number in range(1, edits + 1):
        # the verdicts are not kept: they hold what the frame awaited, which would be there, ended, at the next edit
        found = kinds(live.swap(text(chance.choice(FORMS), f"v{number}")))
        stale += "stale" in found
        moved += "stale" not in found
        for _ in range(chance.choice([0, 0, 1, 2])):
            sent += 1
            frame.send(f"m{sent}")
            assert [entry[1:] for entry in live.log] == [
                (f"m{i}", i) for i in range(1, sent + 1)
            ], f"seed {seed}"
    frame.close()
    return moved, stale


@pytest.mark.parametrize("seed", range(8))
def test_edits_in_a_row_lose_nothing(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_edits_in_a_row_lose_nothing() -> None:
    results = [check(seed) for seed in range(100, 100 + SEEDS)]

    assert sum(moved for moved, _ in results) > 8 * sum(stale for _, stale in results)

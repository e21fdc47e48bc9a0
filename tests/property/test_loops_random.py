"""Random structured programs, edited at every suspension, do what the unedited ones do; only their labels change.

The short profile runs by default; ``-m slow`` runs the long one, HOTSWAP_TEST_SEEDS more or fewer of its seeds.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.loops import supported
from tests.property.loops_programs import PRELUDE, Editor, Maker, text
from tests.unit.loops_live import Live

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

STEPS = 60
SEEDS = int(os.environ.get("HOTSWAP_TEST_SEEDS", "20"))


def script(seed: int) -> Iterator[tuple[str, Any]]:
    """What the frame is sent or thrown, step by step: values, exceptions, cancellations."""
    chance = random.Random(seed)
    while True:
        x = chance.random()
        if x < 0.9:
            yield "send", chance.choice([1, 2, "s", None, 3])
        elif x < 0.96:
            yield chance.choice(["send", "throw"]), ValueError("thrown")
        elif x < 0.985:
            yield "throw", asyncio.CancelledError()
        else:
            yield "throw", KeyError("k")


class Run:
    """One program, in `copies` frames that are driven alike."""

    def __init__(self, seed: int, *, swapping: bool, copies: int = 1) -> None:
        self.seed = seed
        self.swapping = swapping
        self.copies = copies
        self.kinds: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.body = Maker(seed).program()
        self.editor = Editor(seed * 7 + 1)
        self.live = Live(text(self.body, "v0"), prelude=PRELUDE)
        self.frames = [self.live["work"]() for _ in range(copies)]
        self.ends: list[Any] = [None] * copies

    def trace(self) -> list[Any]:
        """Drive the frames to their end; give what the first logged, labels left out."""
        steps = script(self.seed)
        self._step("send", None)
        for number in range(1, STEPS):
            if self.ends[0] is not None:
                break
            verdict = self._swap(number) if self.swapping else ""
            seen = len(self.live.log)
            self._step(*next(steps))
            self._judge(verdict, f"v{number}", self.live.log[seen:])
        for frame in self.frames:
            try:
                frame.close()
            except (RuntimeError, ValueError, KeyError):
                continue
        entries = [e if e[0] in ("in", "out") else e[1:] for e in self.live.log]
        return [*entries, self.ends[0]]

    def _swap(self, number: int) -> str:
        edited = text(self.editor.edited(self.body), f"v{number}")
        verdicts = self.live.swap(edited, owners=self.frames, functions=False)
        self.kinds.update(v.kind for v in verdicts)
        return verdicts[0].kind if len({v.kind for v in verdicts}) == 1 else "different"

    def _step(self, how: str, value: Any) -> None:
        logs = []
        for place, frame in enumerate(self.frames):
            start = len(self.live.log)
            try:
                getattr(frame, how)(value)
            except (
                StopIteration,
                ValueError,
                KeyError,
                TypeError,
                asyncio.CancelledError,
            ) as error:
                self.ends[place] = (type(error).__name__, str(error))
            logs.append(self.live.log[start:])
            if place:
                del self.live.log[start:]
        assert all(log == logs[0] for log in logs)
        assert all(end == self.ends[0] for end in self.ends)

    def _judge(self, verdict: str, label: str, logged: list[Any]) -> None:
        labels = [e[0] for e in logged if e[0] not in ("in", "out")]
        self.labels.update("new" if one == label else "old" for one in labels)
        assert verdict != "different"
        if verdict == "take":
            assert set(labels) <= {label}


def check(seeds: range, copies: int) -> tuple[Counter[str], Counter[str]]:
    """Compare swapped with unswapped runs; give the verdicts, and how many effects came from the new text."""
    kinds: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for seed in seeds:
        plain = Run(seed, swapping=False)
        swapped = Run(seed, swapping=True, copies=copies)
        expected, got = plain.trace(), swapped.trace()
        assert got == expected, f"seed {seed}"
        kinds += swapped.kinds
        labels += swapped.labels
    return kinds, labels


@pytest.mark.parametrize("seed", range(6))
def test_a_program_edited_at_every_suspension_does_the_same(seed: int) -> None:
    kinds, _ = check(range(seed * 3, seed * 3 + 3), copies=2)

    assert kinds["take"] > kinds["stale"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_programs_edited_at_every_suspension_do_the_same() -> None:
    kinds, labels = check(range(1000, 1000 + SEEDS), copies=15)

    moved = kinds["take"] + kinds["finish"]
    assert moved > 100 * SEEDS
    assert kinds["stale"] < 0.03 * moved
    assert labels["new"] > 6 * labels["old"]  # the rest are turns that end as they began

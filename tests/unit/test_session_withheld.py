"""A fault waits for the rest of a "save all": with a clock and a swapper's word of our own, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotswap.session.withheld import Withheld
from hotswap.source.model import Fault, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable


class World:
    """What surrounds the withheld outcome: the time that passes, the pending files, what was told."""

    def __init__(self) -> None:
        self.pending: frozenset[str] = frozenset()
        self.told: list[Outcome] = []
        self._timers: list[Callable[[], object]] = []
        quiet: Any = self
        self.withheld = Withheld(quiet, pending=lambda: self.pending, tell=self.told.append)

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        assert seconds > 0
        self._timers.append(work)

    def pass_time(self) -> None:
        timers, self._timers = self._timers, []
        for work in timers:
            work()

    def raised(self, *files: str) -> Outcome:
        self.pending |= frozenset(files)
        fault = Fault("HS201", "raised", "ImportError")
        outcome = Outcome(
            ok=False, rung=None, files=files, fault=fault, pending=tuple(sorted(self.pending))
        )
        self.withheld.take(outcome)
        return outcome

    def swapped(self, *files: str) -> Outcome:
        self.pending -= frozenset(files)
        outcome = Outcome(ok=True, rung="patch", files=files, pending=tuple(sorted(self.pending)))
        self.withheld.take(outcome)
        return outcome


@pytest.fixture(name="world")
def _world() -> World:
    return World()


def test_a_swap_is_told_at_once(world: World) -> None:
    outcome = world.swapped("a.py")

    assert world.told == [outcome]


def test_a_fault_is_told_after_a_moment(world: World) -> None:
    outcome = world.raised("a.py")
    before = list(world.told)
    world.pass_time()
    world.pass_time()

    assert before == []
    assert world.told == [outcome]


def test_a_fault_that_the_next_save_mends_is_not_told(world: World) -> None:
    world.raised("main.py")
    outcome = world.swapped("main.py", "words.py")
    world.pass_time()

    assert world.told == [outcome]


def test_of_faults_that_follow_each_other_the_last_is_told(world: World) -> None:
    world.raised("main.py")
    last = world.raised("main.py", "words.py")
    world.pass_time()

    assert world.told == [last]


def test_a_save_of_other_files_comes_after_the_fault(world: World) -> None:
    fault = world.raised("main.py")
    other = world.swapped("settings.env")
    world.pass_time()

    assert world.told == [fault, other]


def test_a_fault_whose_file_is_put_back_is_not_told(world: World) -> None:
    world.raised("main.py")
    world.pending = frozenset()
    world.pass_time()

    assert world.told == []


def test_the_end_of_the_program_tells_what_is_kept_back(world: World) -> None:
    outcome = world.raised("main.py")
    world.withheld.release()
    world.pass_time()

    assert world.told == [outcome]

"""Each case three ways: does it prove anything, does it swap (and back), does a broken edit leave no trace."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.corpus import cases, judge
from tests.corpus.warm import Warm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _pytest.mark.structures import ParameterSet

EVERY = cases.every()


def each(chosen: Iterable[cases.Case], law: str = "") -> list[ParameterSet]:
    """Give a parameter a case, skipped where the interpreter is too old for its syntax."""
    return [pytest.param(case, id=case.name, marks=marks(case, law)) for case in chosen]


def marks(case: cases.Case, law: str) -> list[pytest.MarkDecorator]:
    """Say where a case cannot run, and which law it is known to break."""
    found = [pytest.mark.skipif(not case.runnable, reason="since")]
    if law in case.wrong:
        found.append(pytest.mark.xfail(reason=case.wrong[law], strict=False))
    return found


class Trials:
    """The warm interpreters, started when first needed, and what fresh imports said."""

    def __init__(self) -> None:
        self._warm: dict[tuple[str, ...], Warm] = {}
        self._fresh = cache(self._import)

    def see(self, case: cases.Case, kind: str, *args: str) -> list[dict[str, Any]]:
        """Give what a child saw; a child that failed fails the test."""
        if case.uses not in self._warm:
            self._warm[case.uses] = Warm(case.uses)
        answer = self._warm[case.uses].trial(case.folder, kind, *args)
        if "error" in answer:
            pytest.fail(f"{answer['error']}\n{answer.get('output', '')}", pytrace=False)
        seen: list[dict[str, Any]] = answer["seen"]
        return seen

    def _import(self, name: str, side: str) -> list[dict[str, Any]]:
        return self.see(cases.load(cases.CORPUS / name), "fresh", side)

    def fresh(self, case: cases.Case, side: str) -> list[dict[str, Any]]:
        """Give what a fresh import of one side says."""
        return self._fresh(case.name, side)

    def close(self) -> None:
        """End the warm interpreters."""
        for warm in self._warm.values():
            warm.close()


@pytest.fixture(scope="module")
def trials() -> Iterator[Trials]:
    """Give the warm interpreters of this module."""
    made = Trials()
    yield made
    made.close()


def verdict(problems: Iterator[str]) -> None:
    """Fail with every problem, the first in the summary line."""
    if told := list(problems):
        pytest.fail("\n".join(told[:12]), pytrace=False)


@pytest.mark.parametrize("case", each(EVERY))
def test_proves_something(case: cases.Case, trials: Trials) -> None:
    """Both sides import, and the probes tell them apart (no engine at work)."""
    if not case.fault:
        verdict(judge.sane(case, trials.fresh(case, "before"), trials.fresh(case, "after")))


@pytest.mark.parametrize("case", each(EVERY, "swap"))
def test_swaps_and_back(case: cases.Case, trials: Trials) -> None:
    """The live program equals a fresh import; applied again it does nothing; the way back equals the start."""
    fresh = [] if case.fault else trials.fresh(case, "after")
    mended = trials.fresh(case, "mended") if case.mended else None
    verdict(judge.swapped(case, trials.see(case, "swap"), fresh, mended))


@pytest.mark.parametrize("case", each((c for c in EVERY if "fault" not in c.skip), "fault"))
def test_broken_leaves_no_trace(case: cases.Case, trials: Trials) -> None:
    """The edit with a raise at its end, or a syntax error, changes nothing; the good one then swaps."""
    fresh = [] if case.fault else trials.fresh(case, "after")
    verdict(judge.unhurt(case, trials.see(case, "fault"), fresh))

"""Standing still before leaving: handlers get their time even when the machine stands still itself."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hotswap.handover import quiesce

if TYPE_CHECKING:
    import pytest


class World:
    """A registry with one short handler at work, on a machine where each turn takes a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
        self.gated = False
        self.left = turns
        seconds = itertools.count(1.0)
        monkeypatch.setattr(quiesce, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
        monkeypatch.setattr(quiesce, "_busy", self.busy)
        monkeypatch.setattr(quiesce, "_unsent", lambda _: 0)
        self.standstill = self

    async def gate(self) -> None:
        self.gated = True

    def busy(self, _: object, __: float) -> dict[Any, quiesce.Work]:
        if not self.gated:
            return {}
        self.left -= 1
        return {self: quiesce.Work(lambda: "a short handler")} if self.left >= 0 else {}

    def quiesce(self) -> quiesce.Still:
        return asyncio.run(quiesce.quiesce(self))  # type: ignore[arg-type]


def test_a_machine_that_stands_still_does_not_cut_a_handler_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, 5)

    assert world.quiesce().left == ()
    assert world.left < 0  # it has ended


def test_a_handler_that_does_not_end_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert World(monkeypatch, 10**6).quiesce().left == ("a short handler",)


def test_what_was_left_is_named_once_with_how_often_it_came() -> None:
    assert quiesce._counted(["a stream", "a task", "a stream"]) == ("2 x a stream", "a task")

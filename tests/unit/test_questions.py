"""What is asked while a program leaves one image for the next waits for it, or says so."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hotswap import control, questions
from hotswap.handover import carrier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not control.ABSTRACT, reason="the system has no /proc")


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A program that was executed anew and has no session: it waits to the end of its input."""
    monkeypatch.chdir(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, control.CARRIED: "3"},
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        yield program.pid


def test_a_reload_under_way_is_said(
    away: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(questions.PATIENCE, "status", 0.0)
    assert questions.ask(["status"], machine=False) == questions.NOBODY

    assert capsys.readouterr().out == (
        f"an exec reload is under way, or its new code cannot start: see what pid {away} says\n"
    )


def test_a_session_that_is_on_its_way_is_waited_for(
    away: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []

    def answers(question: list[str]) -> list[tuple[int, control.Answer]]:
        looks.append(question)
        return [(away, {"root": str(tmp_path)})] if len(looks) == 3 else []

    monkeypatch.setattr(control, "answers", answers)
    assert control.awaited(str(tmp_path), 3600.0) == [(away, {"root": str(tmp_path)})]


def test_others_are_not_waited_for(away: int, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert away in control.on_the_way(str(tmp_path))
    assert control.on_the_way(str(tmp_path.parent / "other")) == []
    assert control.awaited(str(tmp_path.parent / "other"), 3600.0) == []


def test_the_variable_is_the_carriers() -> None:
    assert control.CARRIED == carrier.VARIABLE

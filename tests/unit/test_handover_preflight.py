"""The child that imports the new code may say what it likes, and may not be there at all."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from hotswap.handover import preflight
from hotswap.handover.preflight import Preflight, check

if TYPE_CHECKING:
    from pathlib import Path

NOISY = """
import sys
for number in range(5000):
    print(f"loading: {number} of 5000 weights, one line after the other", file=sys.stderr)
"""


def checked(directory: Path, text: str) -> preflight.Verdict:
    (directory / "noisy.py").write_text(text)
    return asyncio.run(check(Preflight("noisy", paths=(str(directory), *preflight.sys.path))))


def test_an_import_may_say_more_than_a_pipe_takes(tmp_path: Path) -> None:
    assert checked(tmp_path, NOISY).ok


def test_the_last_words_of_a_child_that_dies_are_told(tmp_path: Path) -> None:
    verdict = checked(tmp_path, NOISY + "import os; os._exit(9)\n")

    assert not verdict.ok
    assert verdict.fault is not None
    assert "4999 of 5000" in verdict.fault.message


def test_without_a_child_nothing_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(preflight, "_start", refuse)
    before = os.open(os.devnull, os.O_RDONLY)
    os.close(before)
    with pytest.raises(OSError, match="Too many"):
        asyncio.run(check(Preflight("anything")))
    after = os.open(os.devnull, os.O_RDONLY)
    os.close(after)

    assert after == before

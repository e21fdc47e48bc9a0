"""A ``.pyc`` that the interpreter takes for valid, and that was made of other bytes."""

from __future__ import annotations

import importlib
import os
import py_compile
import sys
from importlib.util import cache_from_source
from typing import TYPE_CHECKING

from hotswap.live.tracker import Tracker

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "same_second.py"
    moment = (1_700_000_000, 1_700_000_000)
    source.write_text("VALUE = 1\n")
    os.utime(source, moment)
    py_compile.compile(str(source), doraise=True)
    source.write_text("VALUE = 2\n")
    os.utime(source, moment)
    monkeypatch.syspath_prepend(tmp_path)
    assert importlib.import_module("same_second").VALUE == 1  # as plain Python has it
    del sys.modules["same_second"]
    tracker = Tracker([tmp_path])
    tracker.install()
    try:
        assert importlib.import_module("same_second").VALUE == 2
    finally:
        tracker.uninstall()
        del sys.modules["same_second"]


def test_a_pyc_that_is_much_younger_than_the_last_change_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "settled.py"
    source.write_text("VALUE = 1\n")
    moment = source.stat().st_mtime - 100
    os.utime(source, (moment, moment))
    py_compile.compile(str(source), doraise=True)
    later = source.stat().st_ctime + 100
    os.utime(cache_from_source(str(source)), (later, later))
    monkeypatch.syspath_prepend(tmp_path)
    tracker = Tracker([tmp_path])
    tracker.install()
    compiled: list[str] = []
    monkeypatch.setattr(
        "importlib.machinery.SourceFileLoader.source_to_code",
        lambda _, data, path, **__: compiled.append(path) or compile(data, path, "exec"),
    )
    try:
        assert importlib.import_module("settled").VALUE == 1
    finally:
        tracker.uninstall()
        sys.modules.pop("settled", None)
    assert compiled == []

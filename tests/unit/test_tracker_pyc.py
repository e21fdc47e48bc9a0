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


def test_a_source_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "growing.py"
    source.write_text("VALUE = 1\n")
    read = os.read
    written: list[int] = []

    def read_and_write(descriptor: int, size: int) -> bytes:
        found = read(descriptor, size)
        if not written and found.startswith(b"VALUE"):
            written.append(source.write_text("VALUE = 22222\n"))
        return found

    monkeypatch.setattr(os, "read", read_and_write)
    monkeypatch.syspath_prepend(tmp_path)
    tracker = Tracker([tmp_path])
    tracker.install()
    try:
        assert importlib.import_module("growing").VALUE == 22222
        assert tracker.loaded["growing"].data == b"VALUE = 22222\n"
    finally:
        tracker.uninstall()
        sys.modules.pop("growing", None)
    assert written


def test_a_module_of_nobody_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.joinpath("lib").mkdir()
    tmp_path.joinpath("lib", "asked_once.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    asked: list[str] = []

    class Asked:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            asked.append(name)

    tracker = Tracker([tmp_path / "app"])
    tracker.install()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:1], Asked, *sys.meta_path[1:]])
    try:
        assert importlib.import_module("asked_once").VALUE == 1
    finally:
        tracker.uninstall()
        sys.modules.pop("asked_once", None)
    assert asked == ["asked_once"]

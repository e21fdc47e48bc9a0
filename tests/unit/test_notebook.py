"""The IPython extension: what was saved since the last cell is swapped in before the next."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotswap import notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Shell:
    """As much of IPython's shell as the extension uses."""

    def __init__(self) -> None:
        self.events = self
        self.callbacks: list[Callable[..., object]] = []

    def register(self, event: str, callback: Callable[..., object]) -> None:
        assert event == "pre_run_cell"
        self.callbacks.append(callback)

    def unregister(self, _: str, callback: Callable[..., object]) -> None:
        self.callbacks.remove(callback)

    def run_cell(self) -> None:
        for callback in self.callbacks:
            callback(None)


@pytest.fixture(name="shell")
def _shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    shell = Shell()
    notebook.load_ipython_extension(shell)
    yield shell
    notebook.unload_ipython_extension(shell)
    sys.modules.pop("lib_of_notebook", None)


def load(tmp_path: Path, text: str) -> Any:
    (tmp_path / "lib_of_notebook.py").write_text(text)
    importlib.invalidate_caches()
    return importlib.import_module("lib_of_notebook")


def test_an_edit_is_there_in_the_next_cell(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load(tmp_path, "def f():\n    return 1\n")
    held = module.f
    shell.run_cell()

    (tmp_path / "lib_of_notebook.py").write_text("def f():\n    return 22\n")
    shell.run_cell()

    assert held() == 22
    assert "patched" in capsys.readouterr().out


def test_an_edit_right_after_the_import_is_there_in_the_next_cell(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load(tmp_path, "def f():\n    return 1\n")
    (tmp_path / "lib_of_notebook.py").write_text("def f():\n    return 22\n")

    shell.run_cell()

    assert module.f() == 22
    assert "patched" in capsys.readouterr().out


def test_a_fault_is_told_and_tried_again(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load(tmp_path, "def f():\n    return 1\n")
    shell.run_cell()

    (tmp_path / "lib_of_notebook.py").write_text("def f(:\n")
    shell.run_cell()
    assert "HS101" in capsys.readouterr().out
    assert module.f() == 1
    shell.run_cell()
    assert capsys.readouterr().out == ""  # told once, not above every cell

    (tmp_path / "lib_of_notebook.py").write_text("def f():\n    return 333\n")
    shell.run_cell()
    assert module.f() == 333


def test_loading_twice_is_loading_once(shell: Shell) -> None:
    notebook.load_ipython_extension(shell)

    assert len(shell.callbacks) == 1
    notebook.unload_ipython_extension(shell)
    assert shell.callbacks == []

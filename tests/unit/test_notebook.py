"""The IPython extension: what was saved since the last cell is swapped in before the next."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap import notebook
from tests.unit.notebook_cases import BEYOND, CASES, Case, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Shell:
    """As much of IPython's shell as the extension uses."""

    def __init__(self) -> None:
        self.events = self
        self.callbacks: list[Callable[..., object]] = []
        self.user_ns: dict[str, Any] = {}

    def register(self, event: str, callback: Callable[..., object]) -> None:
        assert event == "pre_run_cell"
        self.callbacks.append(callback)

    def unregister(self, _: str, callback: Callable[..., object]) -> None:
        self.callbacks.remove(callback)

    def transform_cell(self, cell: str) -> str:
        return cell

    def run_cell(self, cell: str = "") -> None:
        for callback in self.callbacks:
            callback(SimpleNamespace(raw_cell=cell))
        exec(cell, self.user_ns)


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


def test_names_that_cells_imported_follow(shell: Shell, tmp_path: Path) -> None:
    load(tmp_path, "LIMIT, WORD, OWN = 1000, 'old', 'o'\n")
    shell.run_cell("from lib_of_notebook import LIMIT as limit\nfrom lib_of_notebook import *")
    shell.run_cell("OWN = 'mine'")

    (tmp_path / "lib_of_notebook.py").write_text("LIMIT, WORD, OWN = 2000, 'newer', 'p'\n")
    shell.run_cell("seen = limit, WORD, OWN")

    assert shell.user_ns["seen"] == (2000, "newer", "mine")


def test_a_star_takes_what_an_edit_adds(shell: Shell, tmp_path: Path) -> None:
    """As `%autoreload 3` does; but not over a name that the notebook has given itself."""
    load(tmp_path, "LIMIT = 1\n")
    shell.run_cell("from lib_of_notebook import *\nmine = 'own'")

    (tmp_path / "lib_of_notebook.py").write_text(
        "LIMIT = 1\ndef added(): return 5\nmine = 'theirs'\n_hidden = 0\n"
    )
    shell.run_cell("seen = added(), mine, '_hidden' in globals()")

    assert shell.user_ns["seen"] == (5, "own", False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_what_users_of_reloading_extensions_rely_on(
    shell: Shell, tmp_path: Path, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    module = f"notebook_case{CASES.index(case)}"
    write(tmp_path, module, case.before)
    importlib.invalidate_caches()
    try:
        shell.run_cell(case.cell.replace("MODULE", module))
        write(tmp_path, module, case.after)
        if case.name in BEYOND:
            shell.run_cell()
            assert "restart the kernel" in capsys.readouterr().out
        else:
            shell.run_cell(f"got = {case.probe.replace('MODULE', module)}")
            assert shell.user_ns["got"] == case.want
    finally:
        for name in [n for n in sys.modules if n.startswith(module)]:
            del sys.modules[name]


CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell

sys.path.insert(0, sys.argv[1])
shell = InteractiveShell.instance()


def cell(text):
    assert shell.run_cell(text).success, text


def save(text):
    with open(sys.argv[1] + "/lib.py", "w") as file:
        file.write(text)


save('''
import enum
from dataclasses import dataclass
LIMIT = 1000
def f(): return 1
class A:
    def m(self): return "old"
@dataclass
class P:
    x: int = 1
class Color(enum.Enum):
    RED = 1
''')
cell("import lib; from lib import LIMIT")
cell("%load_ext hotswap")
cell("from lib import *; a, p, red, g = A(), P(), Color.RED, f")
save('''
import enum
from dataclasses import dataclass
LIMIT = 2000
def f(): return LIMIT
class A:
    def m(self): return super().__repr__()[:4] + "new"
@dataclass
class P:
    x: int = 1
    y: int = 2
    def total(self): return self.x + self.y
class Color(enum.Enum):
    RED = 1
    BLUE = 2
def added(): return 5
''')
cell("print('cell:', f(), g(), LIMIT, a.m(), isinstance(a, A), red in Color, len(Color), lib.added(), p.total())")
save("def f(:")
cell("print('cell:', f())")
"""


def test_in_a_real_shell(tmp_path: Path) -> None:
    """The cases on which reloading extensions stumble: held functions, ``super``, dataclasses, enums, constants."""
    pytest.importorskip("IPython")
    home = Path(notebook.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", CELLS, str(tmp_path)],
        cwd=tmp_path,
        env={
            **{name: text for name, text in os.environ.items() if name != "PYTHONDEVMODE"},
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "PYTHONPATH": str(home),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    cells = [line for line in done.stdout.splitlines() if line.startswith("cell:")]
    assert cells == ["cell: 2000 2000 2000 <libnew True True 2 5 3", "cell: 2000"], done.stdout
    assert "HS101" in done.stdout


def test_loading_twice_is_loading_once(shell: Shell) -> None:
    notebook.load_ipython_extension(shell)

    assert len(shell.callbacks) == 1
    notebook.unload_ipython_extension(shell)
    assert shell.callbacks == []

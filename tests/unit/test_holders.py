"""live/holders.py: nobody who runs superseded code is missed, and the heap is walked only when counts do not add up."""

from __future__ import annotations

import gc
import importlib
import itertools
import sys
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live import holders
from hotswap.source import codes
from hotswap.swapper import Swapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_numbers = itertools.count()
MODULE = """
import functools

def wrap(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper

def plain(): return 1

@wrap
@wrap
def wrapped(): return 1

@functools.lru_cache
def cached(): return 1

def maker():
    def made(): return 1
    return made

def ticks():
    yield 1
    yield 1

class Room:
    def say(self): return 1
    @property
    def size(self): return 1
    @staticmethod
    def of(): return 1
    @classmethod
    def by(cls): return 1
    class Inner:
        def deep(self): return 1
"""


class Saved:
    """A tracked module of its own, edited by replacing text."""

    def __init__(self, folder: Path) -> None:
        self.name = f"held{next(_numbers)}"
        self.path = folder / f"{self.name}.py"
        self.path.write_text(MODULE)
        self.swapper = Swapper([folder])
        self.module: Any = importlib.import_module(self.name)

    @property
    def entry(self) -> Any:
        return self.swapper.tracker.loaded[self.name]

    def edit(self, old: str = "return 1", new: str = "return 2") -> Any:
        self.path.write_text(self.path.read_text().replace(old, new))
        outcome = self.swapper.apply([self.path])
        assert outcome.ok, outcome
        return outcome


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Saved]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = Saved(tmp_path)
    yield made
    made.swapper.close()
    sys.modules.pop(made.name, None)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the walks over the heap that a swap makes."""
    made: list[str] = []

    def referrers(*targets: Any) -> list[Any]:
        if types.CodeType in map(type, targets):  # else it is the caches that are counted anew
            made.append("referrers")
        return gc.get_referrers(*targets)

    def survey(*args: Any) -> Any:
        made.append("survey")
        return original(*args)

    original = holders.survey
    stand_in = types.SimpleNamespace(
        get_referrers=referrers, get_freeze_count=gc.get_freeze_count, unfreeze=gc.unfreeze
    )
    monkeypatch.setattr(holders, "gc", stand_in)
    monkeypatch.setattr(holders, "survey", survey)
    # which caches there are is a look of its own, and depends on what else this process has made and dropped
    kind = type(lru_cache(len))
    known = types.SimpleNamespace(all=lambda: [o for o in gc.get_objects() if type(o) is kind])
    monkeypatch.setattr(holders, "caches", known)
    return made


def test_what_names_lead_to_takes_no_walk(saved: Saved, walks: list[str]) -> None:
    """Functions, methods, properties, wrapped and cached functions are found by name, every time."""
    m = saved.module
    room, held = m.Room(), m.plain
    for number in (2, 3, 4):
        saved.edit(f"return {number - 1}", f"return {number}")
        said = [held(), m.wrapped(), m.cached(), m.maker()(), room.say(), room.size, room.of()]
        assert [*said, room.by(), m.Room.Inner().deep()] == [number] * 9
    assert walks == []


def test_a_moved_function_takes_no_walk(saved: Saved, walks: list[str]) -> None:
    saved.edit("import functools", "# one line more\nimport functools")

    assert (
        saved.module.plain.__code__.co_firstlineno
        == MODULE.splitlines().index("def plain(): return 1") + 2
    )
    assert walks == []


def test_a_closure_that_only_a_list_holds(saved: Saved, walks: list[str]) -> None:
    held = [saved.module.maker() for _ in range(3)]
    saved.edit()

    assert [f() for f in held] == [2, 2, 2]
    assert "survey" not in walks


def copied(function: Any) -> Any:
    """Give a function of the same code with other globals, as some decorators make it."""
    return types.FunctionType(function.__code__, {"__builtins__": __builtins__})


def recompiled(function: Any) -> Any:
    """Give a function of an equal code object that is another one, as a pickler makes it."""
    return types.FunctionType(function.__code__.replace(), function.__globals__)


def of_a_second_run(function: Any) -> Any:
    """Give the function of a second run of the file, under another module."""
    space: dict[str, Any] = {"__name__": "elsewhere"}
    filename = function.__code__.co_filename
    with open(filename, "rb") as file:
        exec(compile(file.read(), filename, "exec", dont_inherit=True), space)
    return space["plain"]


@pytest.mark.parametrize("copy", [copied, recompiled, of_a_second_run])
def test_functions_that_no_name_leads_to(saved: Saved, copy: Callable[[Any], Any]) -> None:
    """Whatever way a function with code of the file came to be, it follows: now, and at later edits."""
    stray = [copy(saved.module.plain)]
    saved.edit()
    assert stray[0]() == 2
    saved.edit("return 2", "return 3")
    assert stray[0]() == 3


def test_functions_of_a_module_that_was_imported_again(saved: Saved) -> None:
    old = saved.module.plain
    del sys.modules[saved.name]
    again = importlib.import_module(saved.name)
    saved.edit()

    assert (old(), again.plain()) == (2, 2)


def test_suspended_frames_are_found_at_every_edit(saved: Saved) -> None:
    """A generator that took one new body takes the next: its code is then none of the module's compile."""
    ticking = saved.module.ticks()
    assert next(ticking) == 1
    saved.edit("yield 1\n    yield 1", "yield 1\n    yield 2")
    saved.edit("yield 1\n    yield 2", "yield 1\n    yield 3")

    assert next(ticking) == 3


def test_functions_of_statements_that_ran_alone(saved: Saved) -> None:
    """A changed signature runs the statement; what it made, wherever it is held, follows the next edit."""
    saved.edit("def maker():", "def maker(extra=0):")
    held = saved.module.maker()
    saved.edit()

    assert held() == 2
    assert saved.module.maker()() == 2


def test_a_cache_made_elsewhere_is_cleared(saved: Saved) -> None:
    cached = lru_cache(saved.module.plain)
    assert cached() == 1
    saved.edit()

    assert cached() == 2


def test_unchanged_functions_keep_their_code_objects(saved: Saved) -> None:
    """The ledger's compile and the live functions share code objects by identity, after any edit."""
    before = saved.module.plain.__code__
    saved.edit("def say(self): return 1", "def say(self): return 2")

    assert saved.module.plain.__code__ is before
    assert any(code is before for code in codes.walk(saved.entry.code))
    assert saved.entry.exact
    assert saved.entry.relics == []


def test_code_that_nobody_runs_any_more_is_not_kept(saved: Saved) -> None:
    held = saved.module.maker()
    fast = types.FunctionType(held.__code__, {})
    for number in range(2, 30):
        saved.edit(f"return {number - 1}", f"return {number}")

    assert fast() == 29
    assert len(saved.entry.relics) <= 1

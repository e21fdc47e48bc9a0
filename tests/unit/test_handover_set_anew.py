"""Edits swapped in place, then an exec reload: what is written wins, what the program gathered lives on."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotswap import hooks
from hotswap.handover.state import State
from hotswap.swapper import Swapper
from hotswap.wire.records import Manifest
from hotswap.wire.registry import Registry
from tests.unit.test_handover_state import Carrier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from hotswap.source.model import Outcome


class Program:
    """Modules on disk, imported by one image after another."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        self.names = [name for name in files if not name.startswith("late")]
        """Of modules that every image imports at once; the others are imported when somebody asks for them."""
        self.swapper = Swapper([folder])
        self.write(files)
        self.wake(None)

    def write(self, files: dict[str, str]) -> None:
        for name, source in files.items():
            (self.folder / f"{name}.py").write_text(source)

    def wake(self, manifest: Manifest | None) -> None:
        """Import everything anew, and put back what was carried."""
        self.forget()
        self.swapper.close()
        importlib.invalidate_caches()
        self.swapper = Swapper([self.folder])
        self.state = State(Registry(manifest))
        for name in self.names:
            importlib.import_module(name)
        self.state.remember(self.modules)
        self.swapper.tracker.on_import = self._imported_late
        self.notes = self.state.restore(manifest, self.modules)
        self.swapper.about_to_set = self.state.set_anew.watch

    def _imported_late(self, module: ModuleType | None) -> None:
        if module is not None:
            self.state.joined(module, self.modules)

    def forget(self) -> None:
        """Forget the modules of the last image."""
        for module in self.modules:
            sys.modules.pop(module.__name__, None)

    @property
    def modules(self) -> list[ModuleType]:
        return [entry.module for entry in self.swapper.tracker.loaded.values()]

    def save(self, **files: str) -> Outcome:
        """Swap in place."""
        self.write(files)
        return self.swapper.apply()

    def reload(self, **files: str) -> None:
        """Save, and go on in a fresh image."""
        carrier = Carrier()
        late = self.state.late_changes(self.modules)
        self.state.write(carrier, self.modules, frozenset(), late)
        self.write(files)
        self.wake(Manifest(state=memoryview(carrier.getvalue())))

    def run(self, source: str) -> None:
        """Do what the running program does."""
        exec(source, {name: sys.modules[name] for name in self.names})

    def value(self, expression: str) -> Any:
        return eval(expression, {name: sys.modules[name] for name in self.names})


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Program]]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(hooks, "runtime", type(hooks.runtime)())
    made: list[Program] = []

    def make(**files: str) -> Program:
        made.append(Program(tmp_path, **files))
        return made[-1]

    yield make
    for each in made:
        each.swapper.close()
        each.forget()


WRITTEN = {
    "constant": ("LIMIT = 5", "conf.LIMIT"),
    "dict": ("TABLE = {'a': 5}", "conf.TABLE"),
    "list": ("NAMES = [5]", "conf.NAMES"),
    "tuple": ("PAIR = (1, 5)", "conf.PAIR"),
    "unpacked": ("A, B = 5, 5", "conf.A"),
    "class attribute": ("class Room:\n    size = 5", "conf.Room.size"),
    "inherited": ("class Base:\n    size = 5\nclass Room(Base): pass", "conf.Room.size"),
    "class attribute, list": ("class Room:\n    tags = [5]", "conf.Room.tags"),
    "set on a class": ("class Room: pass\nRoom.size = 5", "conf.Room.size"),
    "set on a function": ("def f(): pass\nf.size = 5", "conf.f.size"),
    "own object": (
        "class Cfg:\n    def __init__(self, n): self.n = n\nCFG = Cfg(5)",
        "conf.CFG.n",
    ),
    "default of an own object": (
        "class Cfg:\n    n: int = 5\nCFG = Cfg()",
        "conf.CFG.n",
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass Cfg:\n    n: int\nCFG = Cfg(5)",
        "conf.CFG.n",
    ),
    "item set": ("REG = {}\nREG['one'] = 5\nREG.update(two=5)", "conf.REG"),
    "nested item set": ("REG = {'r': {}}\nREG['r']['one'] = 5", "conf.REG"),
    "added to": ("AUG = [1]\nAUG += [5]", "conf.AUG"),
    "appended to": ("AUG = [1]\nAUG.append(5)", "conf.AUG"),
    "branch": ("if True:\n    BRANCH = 5", "conf.BRANCH"),
    "loop": ("for i in range(1):\n    LOOPED = 5 + i", "conf.LOOPED"),
    "try": ("try:\n    TRIED = 5\nexcept OSError:\n    TRIED = 0", "conf.TRIED"),
    "match": ("match 1:\n    case 1:\n        MATCHED = 5", "conf.MATCHED"),
    "walrus": ("(WALRUS := 5)", "conf.WALRUS"),
    "globals()": ("globals()['DYNAMIC'] = 5", "conf.DYNAMIC"),
    "from a function": ("def f():\n    return 5\nMADE = f() + 1", "conf.MADE"),
    "derived": ("LIMIT = 5\nDOUBLE = LIMIT * 2", "conf.DOUBLE"),
    "registered": (
        "REG = {}\ndef register(n):\n    REG['n'] = n\nregister(5)",
        "conf.REG",
    ),
}


@pytest.mark.parametrize("order", [("conf",), ("app", "conf"), ("conf", "app")])
@pytest.mark.parametrize(("source", "probe"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_written_wins_over_what_an_edit_in_place_had_set(
    program: Callable[..., Program], source: str, probe: str, order: tuple[str, ...]
) -> None:
    files = {"app": "from conf import *", "conf": source}
    live = program(**{name: files[name] for name in order})
    assert live.save(conf=source.replace("5", "6")).ok
    live.reload(conf=source.replace("5", "7"))
    after = [repr(live.value(probe.replace("conf.", f"{name}."))) for name in order]
    live.wake(None)

    assert after == [repr(live.value(probe))] * len(order)


GATHERED = {
    "in a dict that statements fill": (
        "REG = {}\nREG['one'] = 5",
        "conf.REG['ann'] = 1",
        "conf.REG['ann']",
    ),
    "in the list of an edited class": (
        "class Room:\n    size = 5\n    all = []",
        "conf.Room.all.append(1)",
        "conf.Room.all",
    ),
    "in the number of an edited class": (
        "class Room:\n    size = 5\n    made = 0",
        "conf.Room.made = 1",
        "conf.Room.made",
    ),
    "beside an edited constant": ("LIMIT = 5\ncount = 0", "conf.count = 1", "conf.count"),
    "in an own object that is edited": (
        "class Cfg:\n    def __init__(self, n):\n        self.n = n\n        self.hits = 0\nCFG = Cfg(5)",
        "conf.CFG.hits = 1",
        "conf.CFG.hits",
    ),
    "in an own object beside an edited constant": (
        "LIMIT = 5\nclass Hub:\n    def __init__(self):\n        self.rooms = {}\nhub = Hub()",
        "conf.hub.rooms['a'] = 1",
        "conf.hub.rooms",
    ),
}


@pytest.mark.parametrize(("source", "gather", "probe"), GATHERED.values(), ids=GATHERED)
def test_what_was_gathered_before_an_edit_in_place_lives_on(
    program: Callable[..., Program], source: str, gather: str, probe: str
) -> None:
    live = program(app="from conf import *", conf=source)
    live.run(gather)
    there = live.value(probe)
    assert live.save(conf=source.replace("5", "6")).ok
    assert live.value(probe) == there
    live.reload()

    assert live.value(probe) == there


def test_an_edited_literal_wins_over_what_was_gathered_in_it(
    program: Callable[..., Program],
) -> None:
    live = program(conf="USERS = {'root': 5}")
    live.run("conf.USERS['ann'] = 1")
    live.save(conf="USERS = {'root': 6}")
    in_place = dict(live.value("conf.USERS"))
    live.reload()

    assert live.value("conf.USERS") == in_place == {"root": 6}


def test_a_fault_leaves_gathered_data_gathered(program: Callable[..., Program]) -> None:
    live = program(conf="LIMIT = 5\nusers = []\nusers.clear()")
    live.run("conf.users.append('ann')")
    assert live.save(conf="LIMIT = 6\nusers = []\nusers.clear()\nraise OSError").fault is not None
    live.reload(conf="LIMIT = 7\nusers = []\nusers.clear()")

    assert live.value("conf.users, conf.LIMIT") == (["ann"], 7)


def test_what_the_program_sets_after_an_edit_in_place_is_gathered(
    program: Callable[..., Program],
) -> None:
    live = program(conf="LIMIT = 5")
    live.save(conf="LIMIT = 6")
    live.run("conf.LIMIT = 9")
    live.reload(conf="LIMIT = 7")

    assert live.value("conf.LIMIT") == 9


def test_another_object_that_an_edit_in_place_made_is_not_carried(
    program: Callable[..., Program],
) -> None:
    source = "class A:\n    n = 1\nclass B:\n    n = 2\nclass C:\n    n = 3\nused = A()"
    live = program(conf=source)
    live.save(conf=source.replace("used = A", "used = B"))
    live.reload(conf=source.replace("used = A", "used = C"))

    assert live.value("type(conf.used).__name__") == "C"


LATE = """
LIMIT = 5
hits = []
class Room:
    size = 5
class Cfg:
    def __init__(self, n):
        self.n = n
CFG = Cfg(5)
"""


def test_a_module_imported_by_a_handler(program: Callable[..., Program]) -> None:
    live = program(app="def handle():\n    import late\n    return late", late=LATE)
    live.run("app.handle().hits.append(1)")
    live.reload(late=LATE.replace("5", "6"))
    late = live.value("app.handle()")

    assert (late.LIMIT, late.Room.size, late.CFG.n, late.hits) == (6, 6, 6, [1])
    assert type(late.CFG) is late.Cfg
    assert live.notes == ()

    live.save(late=LATE.replace("5", "7"))
    live.reload(late=LATE.replace("5", "8"))

    assert (late.LIMIT, live.value("app.handle().LIMIT")) == (7, 8)
    assert live.value("app.handle().hits") == [1]

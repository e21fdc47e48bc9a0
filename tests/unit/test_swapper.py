"""A few whole swaps; tests/corpus holds the many."""

from __future__ import annotations

import ast
import asyncio
import functools
import gc
import importlib
import importlib.util
import itertools
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.planning import reason_of
from hotswap.swapper import Swapper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_numbers = itertools.count()


class Project:
    """Modules in a folder of their own, under names nobody else uses."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.swapper = Swapper([root])
        self.tag = f"swapped{next(_numbers)}"

    def path(self, name: str) -> Path:
        return self.root / f"{self.tag}_{name}.py"

    def write(self, name: str, text: str) -> Path:
        self.path(name).write_text(text.replace("@", self.tag + "_"))
        return self.path(name)

    def load(self, name: str) -> Any:
        return importlib.import_module(f"{self.tag}_{name}")

    def save(self, **files: str) -> Any:
        return self.swapper.apply([self.write(n, t) for n, t in files.items()])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = Project(tmp_path)
    yield made
    made.swapper.close()
    for name in [n for n in sys.modules if n.startswith(made.tag)]:
        del sys.modules[name]


def test_a_body_goes_into_the_live_function(project: Project) -> None:
    project.write("m", "seen = set()\ndef f(): return 1\n")
    module = project.load("m")
    held = module.f
    module.seen.add(1)
    outcome = project.save(m="# moved\nseen = set()\ndef f(): return 2\n")
    assert (outcome.ok, outcome.rung) == (True, "patch")
    assert held() == 2
    assert held.__code__.co_firstlineno == 3
    assert module.seen == {1}


def test_constants_follow_across_files(project: Project) -> None:
    project.write("a", "LIMIT = 1\n")
    project.write("b", "from @a import LIMIT\nDOUBLE = LIMIT * 2\n")
    module = project.load("b")
    assert project.save(a="LIMIT = 4\n").rung == "reexec"
    assert (module.LIMIT, module.DOUBLE) == (4, 8)


def test_a_batch_is_all_or_nothing(project: Project) -> None:
    project.write("a", "X = [1]\nX.append(2)\ndef f(): return 1\n")
    project.write("b", "Y = 1\n")
    a, b = project.load("a"), project.load("b")
    outcome = project.save(
        a="X = [1]\nX.append(3)\ndef f(): return 2\n", b="Y = 2\nraise OSError('no')\n"
    )
    assert outcome.fault.code == "HS201"
    assert outcome.fault.line == 2
    assert (a.X, a.f(), b.Y) == ([1, 2], 1, 1)
    assert len(outcome.pending) == 2
    healed = project.save(b="Y = 2\n")
    assert healed.ok
    assert (a.X, a.f(), b.Y) == ([1, 3], 2, 2)
    assert not project.swapper.pending


def test_a_syntax_error_names_its_line(project: Project) -> None:
    project.write("m", "x = 1\n")
    project.load("m")
    outcome = project.save(m="x = 1\ny = (\n")
    assert (outcome.ok, outcome.rung, outcome.fault.code, outcome.fault.line) == (
        False,
        None,
        "HS101",
        2,
    )


def test_a_broken_edit_taken_back_is_no_swap(project: Project) -> None:
    """The file holds what runs: nothing is pending, and nothing was swapped."""
    project.write("m", "x = 1\n")
    project.load("m")
    generation = project.swapper.generation
    project.save(m="x = (\n")

    outcome = project.save(m="x = 1\n")

    assert (outcome.verdict, outcome.reason) == ("unchanged", "back to what runs")
    assert outcome.generation == generation
    assert not outcome.pending


def test_what_needs_a_fresh_process_changes_nothing(project: Project) -> None:
    project.write("m", "class A:\n    __slots__ = ('x',)\nobject_ = A()\ny = 1\n")
    module = project.load("m")
    outcome = project.save(m="class A:\n    __slots__ = ('x', 'z')\nobject_ = A()\ny = 2\n")
    assert (outcome.ok, outcome.rung, outcome.fault) == (False, "exec", None)
    assert "slots" in outcome.reason
    assert module.y == 1


@pytest.mark.parametrize("name", ["seed", "changed_at", "calls"])
def test_what_raises_because_it_ran_before_is_no_fault_whatever_it_reads(
    project: Project, name: str
) -> None:
    """A statement that reads a changed name, and cannot run twice, needs a fresh process: nobody made a mistake."""
    text = f"{name} = 10\nwords = iter([10, 20])\ntotal = max(words, default=None) + {name}\n"
    project.write("m", text)
    module = project.load("m")
    outcome = project.save(m=text.replace("10\n", "11\n", 1))
    assert (outcome.rung, outcome.fault) == ("exec", None)
    assert module.total == 30


def test_the_module_that_is_served_is_waited_for_when_its_file_goes(project: Project) -> None:
    project.write("m", "def f(): return 1\n")
    module = project.load("m")
    project.swapper.tracker.needed.add(module.__name__)

    project.path("m").unlink()
    gone = project.swapper.apply([project.path("m")])
    assert (gone.ok, gone.rung) == (False, "exec")
    assert "deleted" in gone.reason
    assert sys.modules[module.__name__] is module

    back = project.save(m="def f(): return 2\n")
    assert (back.ok, back.rung, module.f()) == (True, "patch", 2)


def test_undo_goes_back_in_memory(project: Project) -> None:
    project.write("m", "x = 1\ndef f(): return x\n")
    module = project.load("m")
    project.save(m="x = 2\ndef f(): return -x\n")
    assert module.f() == -2
    assert project.swapper.undo().ok
    assert module.f() == 1


def test_the_bytes_are_those_that_run(project: Project) -> None:
    path = project.write("m", "x = 1\n")
    module = project.load("m")
    path.write_text("x = 2\n")
    assert project.swapper.apply().rung == "reexec"
    assert module.x == 2
    assert project.swapper.apply([path]).rung == "noop"


def test_reasons_why_a_file_is_not_ours(project: Project, tmp_path: Path) -> None:
    assert "below none" in project.swapper.why_untracked("/nowhere/x.py")
    assert "site-packages" in project.swapper.why_untracked(
        str(tmp_path / "site-packages" / "x.py")
    )
    assert "imported" in project.swapper.why_untracked(str(tmp_path / "x.py"))


def test_data_files_run_their_readers_again(project: Project, tmp_path: Path) -> None:
    data = tmp_path / "limits.json"
    data.write_text('{"a": 1}')
    project.write(
        "m",
        "import json, os\nLIMITS = json.load(open(os.path.dirname(__file__) + '/limits.json'))\n",
    )
    project.write("importer", "import @m\n")
    project.load("importer")
    module = project.load("m")
    assert str(data) in project.swapper.data_files()
    data.write_text('{"a": 2}')
    outcome = project.swapper.apply([data])
    assert outcome.rung == "reexec"
    assert [change.name for change in outcome.changes] == ["LIMITS"]
    assert module.LIMITS == {"a": 2}
    assert project.swapper.apply([data]).files == ()


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ("self.tick = 0.5", "self.tick = 0.1", "1 live C keeps .tick = 0.5"),
        ("self.tick = []", "self.tick = [1]", "1 live C keeps .tick = []"),
    ],
)
def test_instances_that_hold_on_to_a_default_are_named(
    project: Project, before: str, after: str, note: str
) -> None:
    """An instance is state, so it keeps its value; who expects the new one must be told."""
    source = (
        "class C:\n    def __init__(self):\n        {}\n\nc = C()\nother = C()\nother.tick = [2]\n"
    )
    project.write("m", source.format(before))
    module = project.load("m")
    outcome = project.save(m=source.format(after))
    held = module.c.tick

    assert outcome.ok
    assert held == eval(before.rpartition("= ")[2])
    assert note in outcome.notes


@pytest.mark.parametrize("registered", [True, False])
def test_a_plug_in_loaded_by_its_path_follows(project: Project, registered: bool) -> None:
    """A plain loader made it, and whether `sys.modules` knows it is the program's own affair."""
    path = project.write("plug", "N = 1\ndef f(): return N\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if registered:
        sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    project.write("plug", "N = 2\ndef f(): return N * 10\n")

    outcome = project.swapper.apply()

    assert outcome.rung == "reexec"
    assert module.f() == 20
    assert str(path) in project.swapper.tracked()


def test_a_module_that_became_a_package_is_known_by_its_new_file(project: Project) -> None:
    """Word of the old file's end may come later than that of the new one's beginning."""
    path = project.write("m", "seen = [1]\ndef f(): return 1\n")
    module = project.load("m")
    package = path.with_suffix("")
    package.mkdir()
    (package / "extra.py").write_text("E = 5\n")
    new = package / "__init__.py"
    new.write_text("from .extra import E\nseen = [1]\ndef f(): return E\n")
    path.unlink()

    outcome = project.swapper.apply([new, package / "extra.py"])

    assert outcome.ok
    assert (module.f(), module.__file__, module.seen) == (5, str(new), [1])
    assert project.swapper.apply([path]).rung == "noop"


def test_the_report_names_the_innermost_function_and_what_was_kept(project: Project) -> None:
    source = (
        "class Room:\n    def say(self):\n        def loud(): return {}\n        return loud()\n"
    )
    project.write("m", source.format(1) + "rooms = [Room(), Room()]\n")
    module = project.load("m")

    outcome = project.save(m=source.format(2) + "rooms = [Room(), Room()]\n")

    assert [(c.name, c.what) for c in outcome.changes] == [("Room.say.loud", "body")]
    assert module.rooms[0].say() == 2

    outcome = project.save(
        m=source.format(2).replace("loud()\n", "loud() + 1\n") + "rooms = [Room(), Room()]\n"
    )

    assert [(c.name, c.kept) for c in outcome.changes] == [("Room.say", "2 Rooms kept")]

    held = module.rooms[0]
    outcome = project.save(m="rooms = []\n")

    kept = {c.name: c.kept for c in outcome.changes}
    assert kept["Room"] == "2 Rooms kept", "what was made of a class that is gone is named"
    assert held.say() == 3


STARTED = """
import contextlib
from fastapi import FastAPI

TABLES = ["a"]
made = []

def init():
    made.extend(TABLES)

async def beat():
    while True:
        await pause()

async def lifespan(app):
    init()
    app.state.task = beat()
    yield

app = FastAPI(lifespan=contextlib.asynccontextmanager(lifespan))
"""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            "made.extend",
            "made.clear(); made.extend",
            "start-up (lifespan) called init, which changed",
        ),
        ('["a"]', '["b"]', "start-up (lifespan) called init, which reads TABLES"),
        ("pause()", "pause(1)", ""),
    ],
)
def test_what_start_up_has_run_already_is_named(
    project: Project, old: str, new: str, why: str
) -> None:
    """Nobody runs it again; the task that start-up began goes on with its new body and is no such case."""
    pytest.importorskip("fastapi")
    project.write("m", STARTED)
    module = project.load("m")
    running = module.beat()
    module.pause = lambda *_: asyncio.Future(loop=asyncio.new_event_loop())
    running.send(None)

    outcome = project.save(m=STARTED.replace(old, new))

    told = [note for note in outcome.notes if note.startswith("start-up")]
    assert outcome.ok
    assert told == ([f"{why}, and has run already: r + enter runs it again"] if why else [])
    running.close()


def test_a_module_with_two_names_is_swapped_once(project: Project) -> None:
    """As multiprocessing makes ``__mp_main__`` of ``__main__``."""
    project.write("m", "seen = []\nseen.append(1)\n")
    module = project.load("m")
    sys.modules[f"{project.tag}_alias"] = module

    outcome = project.save(m="seen = []\nseen.append(2)\n")

    assert len(outcome.changes) == len(set(outcome.changes))
    assert module.seen == [2]


ROUTED = """
from fastapi import APIRouter, Depends, FastAPI
from SETTINGS import LIMIT

router = APIRouter()

def page(limit: int = LIMIT):
    return limit

@router.get("/a")
def a(limit: int = LIMIT):
    return limit

@router.get("/b")
def b(limit: int = Depends(page)):
    return limit

app = FastAPI()
app.include_router(router)
"""


def test_a_route_that_ran_again_is_not_made_a_second_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own statement asked the new function; one that depends on a function that changed is asked again."""
    pytest.importorskip("fastapi")
    from fastapi.routing import APIRoute
    from fastapi.testclient import TestClient

    project.write("settings", "LIMIT = 1\n")
    project.path("routed").write_text(ROUTED.replace("SETTINGS", f"{project.tag}_settings"))
    client = TestClient(project.load("routed").app)
    made: list[str] = []
    constructor = APIRoute.__init__

    @functools.wraps(constructor)
    def counting(self: APIRoute, path: str, *args: Any, **kwargs: Any) -> None:
        made.append(path)
        constructor(self, path, *args, **kwargs)

    monkeypatch.setattr(APIRoute, "__init__", counting)
    outcome = project.save(settings="LIMIT = 2\n")

    assert outcome.ok, outcome
    assert (client.get("/a").json(), client.get("/b").json()) == (2, 2)
    assert sorted(made) == ["/a", "/b"]


def test_an_app_made_by_a_call_follows_each_edit_of_what_makes_it(project: Project) -> None:
    """What is remembered of the file that calls is true of the next save too."""
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    making = (
        "from fastapi import FastAPI\n\ndef answer():\n    return 0\n\n"
        "def make():\n    app = FastAPI()\n    app.get('/x')(answer)\n    return app\n"
    )
    calling = "from @making import make\napp = make()\n"
    project.write("making", making)
    project.write("calling", calling)
    client = TestClient(project.load("calling").app)
    for path in ("/y", "/z"):
        assert project.save(making=making.replace("/x", path)).ok
        assert client.get(path).status_code == 200
    assert project.save(calling="# moved\n" + calling).ok
    assert project.save(making=making).ok
    assert client.get("/x").status_code == 200


@pytest.mark.parametrize(
    "after",
    [
        "LIMIT = 1\ndef f(): return 2\nclass C:\n    def m(self): return LIMIT\n",
        "LIMIT = 2\ndef f(x=LIMIT): return 1\nclass C:\n    def m(self): return LIMIT\n",
        "# moved\nLIMIT = 1\ndef f(): return 1\nclass C:\n    def m(self): return LIMIT\n",
    ],
    ids=["body", "value", "moved"],
)
def test_what_a_swap_made_is_freed_without_the_collector(
    project: Project, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    project.write("m", "LIMIT = 1\ndef f(): return 1\nclass C:\n    def m(self): return LIMIT\n")
    project.load("m")
    # a first one makes what stays
    project.save(m="LIMIT = 0\ndef f(): return 1\nclass C:\n    def m(self): return 0\n")
    left: list[int] = []

    def collect(generation: int = 2) -> int:
        left.append(sum(isinstance(one, ast.AST) for one in gc.get_objects()))
        return 0

    before = sum(isinstance(one, ast.AST) for one in gc.get_objects())
    monkeypatch.setattr("hotswap.swapper.gc.collect", collect)
    outcome = project.save(m=after)

    assert outcome.ok
    assert left == [before]


@pytest.mark.parametrize(
    ("situations", "said"),
    [
        (["value", "value"], "value changed"),
        (["new"], "new statements"),
        (["new", "import"], "import changed, new statements"),
        ([], "statements were moved or removed"),
    ],
)
def test_the_reason_of_a_re_execution_reads_as_a_sentence(situations: list[str], said: str) -> None:
    assert reason_of("reexec", situations, []) == said

"""Apps made by a call follow edits of what makes them; what the old call gathered stays."""

from __future__ import annotations

import ast
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from hotswap.live import factories
from hotswap.live.adapters.base import Refused
from hotswap.live.adopting import adopt, make_registered
from hotswap.live.factories import Factories
from hotswap.live.journal import Journal
from hotswap.live.making import changed_bindings, found, making, parsed
from tests.unit.adapters_driver import fresh

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = "from fastapi import APIRouter, FastAPI\nimport threading\n"

FACTORY = (
    HEAD
    + """
TITLE = "one"

def more(app):
    @app.get("/more")
    def more_(): return "more"

def create_app(limit=3):
    app = FastAPI(title=TITLE)
    app.state.made = True
    hits = {"n": 0}
    count = 0

    @app.get("/hit")
    def hit():
        nonlocal count
        count += 1
        hits["n"] += 1
        return [hits["n"], count, limit]

    @app.get("/seen")
    def seen():
        return [hits["n"], count]

    more(app)
    return app

app = create_app()
"""
)


class Made:
    """A module whose functions are patched and whose app is made anew when it is due: the engine in small."""

    def __init__(self, source: str, name: str = "app") -> None:
        self.source, self.name = source, name
        self.module = fresh(source)
        self.reason = ""

    def get(self, path: str) -> Any:
        app = self.module.__dict__[self.name]
        response = TestClient(getattr(app, "app", app)).get(path)
        return response.json() if response.status_code == 200 else response.status_code

    def edit(self, *pairs: tuple[str, str], dirty: set[str] | None = None) -> str:
        """Replace text, put the new bodies into the functions, and ask the factories."""
        new = self.source
        for old, text in pairs:
            assert old in new, old
            new = new.replace(old, text)
        own = self.module.__dict__
        sources = {"p": (self.source.encode(), new.encode())}
        asked = Factories(sources, {"p": self.module}, {self.module.__name__: dirty or set()})
        unit = next(
            u
            for u in ast.parse(new).body
            if isinstance(u, ast.Assign) and u.targets[0].id == self.name
        )  # type: ignore[attr-defined]
        journal = Journal()
        effect = asked.refusal(self.module, self.name, unit)
        for node in ast.parse(new).body:
            self._graft(node, own)
        for name in dirty or ():
            exec(
                next(
                    ast.unparse(u)
                    for u in ast.parse(new).body
                    if isinstance(u, ast.Assign) and u.targets[0].id == name
                ),
                own,
            )  # type: ignore[attr-defined]
        self.reason = str(asked.due(self.module, self.name, unit) or "")
        if self.reason:
            if effect:
                raise Refused(effect)
            made = eval(compile(ast.Expression(unit.value), "x", "eval"), own)
            try:
                own[self.name] = adopt(asked, own[self.name], made, journal)
            except BaseException:
                journal.roll_back()
                raise
        journal.commit()
        self.source = new
        return self.reason

    def _graft(self, node: ast.stmt, own: dict[str, Any]) -> None:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return
        old = own.get(node.name)
        exec(compile(ast.Module([node], []), "x", "exec"), own)
        new = own[node.name]
        if isinstance(old, types.FunctionType):
            old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        elif isinstance(old, type):
            for name, value in vars(new).items():
                if isinstance(value, types.FunctionType):
                    setattr(old, name, value)
        own[node.name] = old if old is not None else new


@pytest.fixture
def made() -> Made:
    return Made(FACTORY)


def test_a_new_route_in_the_factory(made: Made) -> None:
    """The live app serves it, and the old endpoints' shared locals have kept what they gathered."""
    app = made.module.app
    app.state.mine = 1
    assert made.get("/hit") == [1, 1, 3]
    made.edit(
        ("    more(app)\n", '    @app.get("/new")\n    def new(): return hits\n\n    more(app)\n')
    )
    assert made.module.app is app
    assert app.state.mine == 1
    assert made.get("/new") == {"n": 1}
    assert made.get("/hit") == [2, 2, 3]
    assert made.get("/seen") == [2, 2]
    assert made.get("/new") == {"n": 2}
    assert made.get("/more") == "more"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"/hit"', '"/hits"', "create_app changed"),
        ("def hit():", "def hit(q: int = 1):", "create_app changed"),
        ("def seen():\n", 'def seen():\n        """See."""\n', "create_app changed"),
        ("def seen():", "async def seen():", "create_app changed"),
        ('@app.get("/more")', '@app.get("/more", tags=["m"])', "more changed"),
        ("limit=3", "limit=4", "create_app changed"),
    ],
)
def test_what_makes_it_due(made: Made, old: str, new: str, why: str) -> None:
    """Anything that is read while the app is made."""
    app = made.module.app
    assert made.edit((old, new)) == why
    assert made.module.app is app
    assert app.openapi() == fresh(made.source).app.openapi()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return [hits", "return [1] and [hits"),
        ('return "more"', 'return "less"'),
        ("TITLE = ", "OTHER = TITLE = "),
    ],
)
def test_what_does_not(made: Made, old: str, new: str) -> None:
    """Bodies of endpoints, and what the factory does not read."""
    assert made.edit((old, new)) == ""


KEEPING = (
    HEAD
    + """
import asyncio
from contextlib import asynccontextmanager
from fastapi import Depends

async def beat(): pass

@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(beat())
    yield
    task.cancel()

def who(name: str = "you"):
    threading.Thread(target=print).start()
    return name

def create_app():
    app = FastAPI(lifespan=lifespan)

    @app.get("/who")
    def read(name=Depends(who)): return name

    return app

app = create_app()
"""
)


def test_what_it_is_only_handed_has_its_effects_later() -> None:
    """A lifespan starts tasks, a dependency threads; neither does so while the app is made."""
    made = Made(KEEPING)
    app = made.module.app
    assert made.edit(('"/who"', '"/whom"')) == "create_app changed"
    assert made.module.app is app
    assert made.get("/whom") == "you"


def test_what_it_is_only_handed_counts_by_its_signature() -> None:
    made = Made(KEEPING)
    assert made.edit(("return name", "return name * 2")) == ""
    assert made.get("/who") == "youyou"
    assert made.edit(('name: str = "you"', 'name: str = "me"')) == "who changed"
    assert made.get("/who") == "memememe"


def test_a_value_that_it_reads(made: Made) -> None:
    """A constant that the factory reads counts as its own change."""
    assert made.edit(('"one"', '"two"'), dirty={"TITLE"}) == "create_app reads TITLE"
    assert made.module.app.title == "two"


def test_a_local_whose_statement_changed(made: Made) -> None:
    """It starts anew; the others go on."""
    made.get("/hit")
    made.edit(('hits = {"n": 0}', 'hits = {"n": 10}'))
    assert made.get("/hit") == [11, 2, 3]


def test_arguments_are_taken_from_the_new_call(made: Made) -> None:
    made.edit(("limit=3", "limit=9"))
    assert made.get("/hit") == [1, 1, 9]


def test_state_that_the_factory_sets(made: Made) -> None:
    """New keys are added; what lives keeps its value."""
    app = made.module.app
    app.state.made = "live"
    made.edit(("app.state.made = True", "app.state.made = True\n    app.state.ready = 1"))
    assert (app.state.made, app.state.ready) == ("live", 1)
    made.edit(("    app.state.ready = 1\n", ""))
    assert app.state.made == "live"
    assert not hasattr(app.state, "ready")


def test_there_and_back(made: Made) -> None:
    """Swapping to and fro leaves no doubled routes."""
    before = [route.path for route in made.module.app.routes]
    for _ in range(3):
        made.edit(('"/hit"', '"/x"'))
        made.edit(('"/x"', '"/hit"'))
    assert [route.path for route in made.module.app.routes] == before


def test_effects_refuse(made: Made) -> None:
    """What starts a thread must not be called twice."""
    with pytest.raises(Refused, match="starts"):
        made.edit(("    hits = {", "    threading.Thread(target=print).start()\n    hits = {"))


def test_the_maker_raises(made: Made) -> None:
    """The exception is the user's, and the live app is untouched."""
    was = [route.path for route in made.module.app.routes]
    with pytest.raises(ZeroDivisionError):
        made.edit(("    count = 0", "    count = 1 / 0"))
    assert [route.path for route in made.module.app.routes] == was
    assert made.get("/hit") == [1, 1, 3]


SERVER = (
    HEAD
    + """
class Store:
    def __init__(self):
        self.items = []

class Server:
    def __init__(self):
        self.app = FastAPI()
        self.rooms = {}
        self.store = Store()
        self.limit = 1
        self.routes()
        self.app.add_api_route("/rooms", self.list_rooms)

    def routes(self):
        @self.app.get("/enter/{room}")
        def enter(room: str):
            self.rooms[room] = self.rooms.get(room, 0) + 1
            return self.rooms

    def list_rooms(self):
        return [self.rooms, self.limit]

server = Server()
"""
)


def test_an_instance_that_holds_the_app() -> None:
    """Its attributes are state; the method that declares routes is part of making."""
    made = Made(SERVER, "server")
    server, app = made.module.server, made.module.server.app
    rooms = server.rooms
    made.get("/enter/a")
    why = made.edit(
        ('"/enter/{room}"', '"/join/{room}"'),
        ("self.limit = 1", "self.limit = 2\n        self.log = []"),
    )
    assert why in ("Server.__init__ changed", "Server.routes changed")
    assert made.module.server is server
    assert server.app is app
    assert server.rooms is rooms
    assert made.get("/join/a") == {"a": 2}
    assert made.get("/rooms") == [{"a": 2}, 2]
    assert server.log == []
    assert made.get("/enter/a") == 404


def test_an_attribute_of_a_call() -> None:
    """``app = Server().app``: the instance is known only to the endpoints."""
    made = Made(SERVER.replace("server = Server()", "app = Server().app"))
    made.get("/enter/a")
    app = made.module.app
    assert made.edit(('"/enter/{room}"', '"/join/{room}"')) == "Server.routes changed"
    assert made.module.app is app
    assert made.get("/join/a") == {"a": 2}
    assert made.get("/rooms") == [{"a": 2}, 1]


def test_wrapped_in_middleware() -> None:
    """The app inside a wrapper is found, and the wrapper's new arguments hold."""
    source = FACTORY.replace(
        "    return app\n", "    return CORSMiddleware(app, allow_origins=['http://a'])\n"
    )
    made = Made("from starlette.middleware.cors import CORSMiddleware\n" + source)
    outer, inner = made.module.app, made.module.app.app
    made.get("/hit")
    made.edit(('"/hit"', '"/hits"'), ("http://a", "http://b"))
    assert made.module.app is outer
    assert outer.app is inner
    assert made.get("/hits") == [2, 2, 3]
    assert outer.allow_origins == ["http://b"]


@pytest.fixture
def registered() -> Iterator[Made]:
    """An app that no module holds: --factory."""
    made = Made(FACTORY.replace("app = create_app()", ""), "live")
    made.module.live = made.module.create_app()
    name = made.module.__name__
    sys.modules[name] = made.module
    factories.register(made.module.live, f"{name}:create_app")
    yield made
    factories.registrations.clear()
    del sys.modules[name]


def test_registered_by_the_session(registered: Made) -> None:
    """The maker is called again when it changed, and only then."""
    made = registered
    made.get("/hit")
    new = made.source.replace('"/hit"', '"/hits"')
    asked = Factories({"p": (made.source.encode(), new.encode())}, {"p": made.module}, {})
    for node in ast.parse(new).body:
        made._graft(node, made.module.__dict__)
    [change] = make_registered(asked, Journal())
    assert (change.name, change.because) == (
        f"{made.module.__name__}:create_app",
        "create_app changed",
    )
    assert made.get("/hits") == [2, 2, 3]
    same = Factories({"p": (new.encode(), new.encode())}, {"p": made.module}, {})
    assert make_registered(same, Journal()) == []


def test_instances_of_another_kind_are_refused() -> None:
    made = Made(FACTORY)
    asked = Factories({}, {"p": made.module}, {})
    from starlette.applications import Starlette

    with pytest.raises(Refused, match="cannot become"):
        adopt(asked, made.module.app, Starlette(), Journal())


def test_proxies_that_raise_are_left_alone() -> None:
    """A module may hold objects whose every attribute raises (flask's ``request``)."""

    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("working outside of a context")

    assert not Factories({}, {}, {}).holds(Proxy())


def test_making_leaves_endpoint_bodies_out() -> None:
    old = "def f(app):\n @app.get('/')\n def g(x: int):\n  return 1\n def h(): return 2\n h()\n"
    tree = parsed(old.encode())
    same = parsed(old.replace("return 1", "return 3").encode())
    other = parsed(old.replace("return 2", "return 3").encode())
    one, two, three = (making(found(t, "f")) for t in (tree, same, other))  # type: ignore[arg-type]
    assert one.text == two.text
    assert one.text != three.text


def test_bindings_that_depend_on_changed_ones_changed() -> None:
    old, new = (
        ast.parse(
            f"def f(self):\n a = {n}\n b = [a]\n c = []\n self.d = g(b)\n self.e = {{}}\n"
        ).body[0]
        for n in (1, 2)
    )
    assert changed_bindings(old, new, frozenset()) == {"a", "b", "self.d"}
    assert changed_bindings(old, old, frozenset({"g"})) == {"self.d"}

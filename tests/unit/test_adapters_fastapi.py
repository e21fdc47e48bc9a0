"""FastAPI and Starlette apps follow edits in place: compared with a fresh import of the edited source."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from hotswap.live import adapters
from hotswap.live.adapters.base import Ran, Refused
from hotswap.live.journal import Journal
from tests.unit.adapters_driver import Driven, fresh

HEAD = """
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.applications import Starlette
"""

APP = (
    HEAD
    + '''
app = FastAPI(title="one")
app.state.hits = 0

@app.get("/a")
def a():
    """Say a."""
    return "a"

@app.get("/b")
def b(q: int = 1):
    return {"q": q}

@app.get("/{rest}")
def rest(rest: str):
    return {"rest": rest}
'''
)


def table(app: Any) -> list[Any]:
    """Give what the routes are, in order."""
    found = []
    for route in app.routes:
        included = getattr(route, "original_router", None)
        found.append(
            (
                type(route).__name__,
                getattr(route, "path", None),
                sorted(getattr(route, "methods", None) or ()),
                getattr(getattr(route, "endpoint", None), "__qualname__", None),
                table(included) if included is not None else None,
            )
        )
    return found


def answers(app: Any, probes: tuple[str, ...]) -> list[Any]:
    """Give status and body of each probe."""
    client = TestClient(app, raise_server_exceptions=False)
    given = []
    for probe in probes:
        response = client.get(probe, headers={"x-probe": "1"})
        headers = {k: v for k, v in response.headers.items() if k.startswith("x-")}
        given.append((probe, response.status_code, response.text, headers))
    return given


def openapi(app: Any) -> Any:
    return app.openapi() if hasattr(app, "openapi") else None


PROBES = ("/a", "/b", "/b?q=7", "/z", "/sub/a", "/r/a", "/api/a", "/boom", "/openapi.json", "/docs")


def check(before: str, after: str, *probes: str, rebuilt: set[str] | None = None) -> Driven:
    """Edit a live module and compare app with a fresh import of `after`, then go back and compare with `before`."""
    probes = probes or PROBES
    live = Driven(before)
    app, routes = live.app, live.app.routes
    answers(app, probes)  # it has started: caches are filled, the stack is built
    openapi(app)
    for source in (after, before, after):
        live.edit(source)
        want = fresh(source, live.module.__name__).app
        assert live.app is app
        assert app.routes is routes
        assert table(app) == table(want)
        assert openapi(app) == openapi(want)
        assert answers(app, probes) == answers(want, probes)
        if rebuilt is not None:
            assert live.rebuilt == rebuilt
    return live


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


C = '\n@app.get("/c")\ndef c():\n    return "c"\n'
A = '@app.get("/a")\ndef a():\n    """Say a."""\n    return "a"\n'
B = '@app.get("/b")\ndef b(q: int = 1):\n    return {"q": q}\n'

EDITS = {
    "path": edited(APP, ('get("/a")', 'get("/aa")')),
    "method": edited(APP, ('get("/a")', 'post("/a")')),
    "status": edited(APP, ('get("/a")', 'get("/a", status_code=201)')),
    "tags": edited(APP, ('get("/a")', 'get("/a", tags=["t"])')),
    "parameter": edited(APP, ("q: int = 1", "q: str = 'x', z: int = 3")),
    "docstring": edited(APP, ("Say a.", "Say it.")),
    "docstring removed": edited(APP, ('    """Say a."""\n', "")),
    "return annotation": edited(
        APP, ("def b(q: int = 1):", "def b(q: int = 1) -> dict[str, str]:")
    ),
    "renamed": edited(APP, ("def a():", "def alpha():")),
    "removed": edited(APP, (A, "")),
    "added at the end": APP + C,
    "added in the middle": edited(APP, (B, B + C)),
    "added first": edited(APP, (A, C + A)),
    "moved": edited(APP, (A, ""), (B, B + "\n" + A)),
    "moved behind the catch-all": edited(APP, (A, "")) + "\n" + A,
    "two decorators": edited(APP, ('@app.get("/a")\n', '@app.get("/a")\n@app.get("/a2")\n')),
    "async": edited(APP, ("def a():", "async def a():")),
    "decorator gone": edited(APP, ('@app.get("/a")\n', "")),
    "websocket": APP
    + '\n@app.websocket("/ws")\nasync def ws(s: WebSocket):\n    await s.accept()\n',
}


@pytest.mark.parametrize("kind", EDITS)
def test_edited_endpoints_are_routed_as_after_a_fresh_import(kind: str) -> None:
    """Edited, added, removed, renamed and moved endpoints are routed as after a fresh import, without a rebuild."""
    check(APP, EDITS[kind], rebuilt=set())


def test_every_edit_to_every_other() -> None:
    """A chain of edits leaves nothing behind."""
    live = Driven(APP)
    for one, other in itertools.islice(itertools.permutations(EDITS, 2), 0, None, 7):
        for kind in (one, other):
            live.edit(EDITS[kind])
            assert table(live.app) == table(fresh(EDITS[kind], live.module.__name__).app)


ROUTERS = (
    HEAD
    + """
app = FastAPI()
one = APIRouter(prefix="/one", tags=["one"])
two = APIRouter()

@one.get("/a")
def a(): return "one a"

@two.get("/a")
def two_a(): return "two a"

app.include_router(one)

@app.get("/a")
def app_a(): return "app a"

app.include_router(two, prefix="/two")

@app.get("/{rest:path}")
def rest(rest: str): return rest
"""
)

ROUTER_PROBES = ("/one/a", "/two/a", "/a", "/zwei/a", "/x/y", "/one/b", "/early")

ROUTER_EDITS = {
    "include prefix": edited(ROUTERS, ('prefix="/two"', 'prefix="/zwei"')),
    "include removed": edited(ROUTERS, ('app.include_router(two, prefix="/two")\n', "")),
    "include added": edited(
        ROUTERS,
        (
            "app.include_router(one)\n",
            'app.include_router(one)\napp.include_router(two, prefix="/x")\n',
        ),
    ),
    "includes swapped": edited(
        ROUTERS,
        ('app.include_router(two, prefix="/two")\n', "app.include_router(one)  #\n"),
        ("app.include_router(one)\n", 'app.include_router(two, prefix="/two")\n'),
    ),
    "endpoint path": edited(ROUTERS, ('@one.get("/a")', '@one.get("/b")')),
    "endpoint added": edited(
        ROUTERS,
        (
            "app.include_router(one)",
            '@one.get("/b")\ndef one_b(): return 1\n\napp.include_router(one)',
        ),
    ),
    "router prefix": edited(ROUTERS, ('prefix="/one"', 'prefix="/x"')),
    "router tags": edited(ROUTERS, ('tags=["one"]', 'tags=["uno"]')),
    "route before include": edited(
        ROUTERS,
        (
            "app.include_router(one)",
            '@app.get("/early")\ndef early(): return 1\n\napp.include_router(one)',
        ),
    ),
    "title": edited(ROUTERS, ("app = FastAPI()", 'app = FastAPI(title="other", docs_url="/d")')),
}


@pytest.mark.parametrize("kind", ROUTER_EDITS)
def test_included_routers_keep_their_place_and_their_routes_follow(kind: str) -> None:
    """Included routers keep their place, and their routes follow."""
    import fastapi.routing

    if not hasattr(fastapi.routing, "_IncludedRouter") and (
        "endpoint" in kind or kind.startswith("router")
    ):
        pytest.skip(
            "this FastAPI copies routes: the engine runs the including statements again (adapter.copies)"
        )
    check(ROUTERS, ROUTER_EDITS[kind], *ROUTER_PROBES)


def test_a_router_with_other_arguments_stays_the_same_object() -> None:
    """A router whose arguments changed is the same object afterwards, wherever it was put."""
    live = Driven(ROUTERS)
    one = live.one
    live.edit(ROUTER_EDITS["router prefix"])
    assert live.one is one
    assert one.prefix == "/x"
    assert [route.path for route in one.routes] == ["/x/a"]


STACK = (
    HEAD
    + """
from starlette.middleware.base import BaseHTTPMiddleware

class Count:
    def __init__(self, app, header="x-count"):
        self.app = app
        self.header = header
        self.seen = []
    async def __call__(self, scope, receive, send):
        self.seen.append(scope["path"])
        async def out(message):
            if message["type"] == "http.response.start":
                message["headers"].append((self.header.encode(), b"%d" % len(self.seen)))
            await send(message)
        await self.app(scope, receive, out)

class Teapot(Exception): pass

app = FastAPI()
app.add_middleware(Count)

@app.middleware("http")
async def first(request, call_next):
    response = await call_next(request)
    response.headers["x-order"] = response.headers.get("x-order", "") + "1"
    return response

@app.middleware("http")
async def second(request, call_next):
    response = await call_next(request)
    response.headers["x-order"] = response.headers.get("x-order", "") + "2"
    return response

@app.exception_handler(Teapot)
async def teapot(request, exc): return PlainTextResponse("teapot", 418)

@app.exception_handler(HTTPException)
async def mine(request, exc): return PlainTextResponse("mine", exc.status_code)

@app.get("/a")
def a(): return "a"

@app.get("/boom")
def boom(): raise Teapot
"""
)

THIRD = """
@app.middleware("http")
async def third(request, call_next):
    response = await call_next(request)
    response.headers["x-order"] = response.headers.get("x-order", "") + "3"
    return response
"""

STACK_EDITS = {
    "middleware argument": edited(
        STACK, ("add_middleware(Count)", 'add_middleware(Count, header="x-seen")')
    ),
    "middleware removed": edited(STACK, ("app.add_middleware(Count)\n", "")),
    "dispatch added": STACK + THIRD,
    "dispatch changed": edited(
        STACK, ("async def first(request, call_next):", "async def first(request, call_next, /):")
    ),
    "middleware swapped": edited(
        STACK,
        ("async def first", "async def temp"),
        ("async def second", "async def first"),
        ("async def temp", "async def second"),
    ),
    "handler for another": edited(
        STACK, ("exception_handler(Teapot)", "exception_handler(ZeroDivisionError)")
    ),
    "handler removed": edited(
        STACK,
        (
            (
                "@app.exception_handler(HTTPException)\n"
                'async def mine(request, exc): return PlainTextResponse("mine", exc.status_code)\n'
            ),
            "",
        ),
    ),
}


@pytest.mark.parametrize("kind", STACK_EDITS)
def test_middleware_and_handlers_are_those_of_the_new_source(kind: str) -> None:
    """Middleware and exception handlers are those of the new source, in its order; defaults come back."""
    live = Driven(STACK)
    for source in (STACK_EDITS[kind], STACK, STACK_EDITS[kind]):
        answers(live.app, ("/a",))
        live.edit(source)
        want = fresh(source, live.module.__name__).app
        got = [
            (p, s, b, {k: v for k, v in h.items() if k == "x-order"}, sorted(h))
            for p, s, b, h in answers(live.app, ("/a", "/boom", "/none"))
        ]
        expected = [
            (p, s, b, {k: v for k, v in h.items() if k == "x-order"}, sorted(h))
            for p, s, b, h in answers(want, ("/a", "/boom", "/none"))
        ]
        assert got == expected


def test_middleware_keeps_its_state() -> None:
    """A layer whose class and arguments stay has counted on, whether the stack was rebuilt or not."""
    live = Driven(STACK)
    answers(live.app, ("/a", "/a"))
    live.edit(STACK.replace('get("/a")', 'get("/aa")'))
    assert answers(live.app, ("/aa",))[0][3]["x-count"] == "3"
    live.edit(STACK + THIRD)
    assert answers(live.app, ("/a",))[0][3]["x-count"] == "4"


def test_middleware_constructor_edited() -> None:
    """A middleware whose constructor has a new body is made anew; the others go on."""
    live = Driven(STACK)
    answers(live.app, ("/a", "/a"))
    init = live.module.Count.__init__
    old = init.__code__

    def edited_init(self: Any, app: Any, header: str = "x-count") -> None:
        self.app, self.header, self.seen = app, "x-new", []

    init.__code__ = edited_init.__code__
    journal = Journal()
    [adapter] = [a for a in adapters.active() if a.owns(live.app)][:1]
    adapter.patched([live.app], {old: init.__code__}, journal)
    assert answers(live.app, ("/a",))[0][3]["x-new"] == "1"
    journal.roll_back()
    assert answers(live.app, ("/a",))[0][3]["x-count"] == "3"


def test_route_class_edited() -> None:
    """Routes whose class has a new get_route_handler are wrapped anew, included ones too."""
    live = Driven(MIXED)
    assert answers(live.app, ("/r/a",))[0][3] == {"x-loud": "1"}
    handler = live.module.Loud.get_route_handler
    old = handler.__code__

    def edited_handler(self: Any) -> Any:
        inner = live.module.APIRoute.get_route_handler(self)

        async def quiet(request: Any) -> Any:
            return await inner(request)

        return quiet

    live.module.Loud.get_route_handler = edited_handler
    journal = Journal()
    adapter = next(a for a in adapters.active() if a.owns(live.app))
    adapter.patched([live.app, live.loud], {old: edited_handler.__code__}, journal)
    assert answers(live.app, ("/r/a",))[0][3] == {}
    live.module.Loud.get_route_handler = handler
    journal.roll_back()
    assert answers(live.app, ("/r/a",))[0][3] == {"x-loud": "1"}


def test_a_middleware_that_raises_undoes_the_swap() -> None:
    """Arguments that a constructor refuses are the user's fault now, not the next request's."""
    live = Driven(STACK)
    was = answers(live.app, ("/a",))
    with pytest.raises(TypeError):
        live.edit(STACK.replace("add_middleware(Count)", "add_middleware(Count, color=1)"))
    again = answers(live.app, ("/a", "/boom"))
    assert again[0][:3] == was[0][:3]
    assert again[0][3]["x-count"] == "2"
    assert again[1][1] == 418


def test_roll_back_leaves_all_as_it_was() -> None:
    """Whatever raises: routes, handlers, schema and caches are those of before."""
    live = Driven(ROUTERS)
    was = (
        table(live.app),
        openapi(live.app),
        answers(live.app, ROUTER_PROBES),
        list(live.app.routes),
    )
    broken = (
        ROUTERS.replace('prefix="/one"', 'prefix="/x"').replace('"/two"', '"/zwei"')
        + "\napp.get(1 / 0)\n"
    )
    with pytest.raises(ZeroDivisionError):
        live.edit(broken)
    assert (table(live.app), openapi(live.app), answers(live.app, ROUTER_PROBES)) == was[:3]
    assert all(a is b for a, b in zip(live.app.routes, was[3], strict=True))
    live.edit(ROUTER_EDITS["include prefix"])
    assert answers(live.app, ("/zwei/a",))[0][1] == 200


def test_state_and_overrides_stay() -> None:
    """app.state, dependency_overrides and what the app was given at run time are the app's own."""
    live = Driven(APP)
    app = live.app
    app.state.hits = 5
    overrides = app.dependency_overrides
    app.dependency_overrides[len] = max
    app.pool = object()
    live.edit(APP.replace('title="one"', 'title="two", version="9"'))
    assert (app.title, app.version, app.state.hits) == ("two", "9", 5)
    assert app.dependency_overrides is overrides
    assert overrides == {len: max}
    assert hasattr(app, "pool")
    assert answers(app, ("/openapi.json",))[0][2].count('"two"') == 1


def test_a_subclass_keeps_its_own_containers() -> None:
    """What a subclass gathers is state."""
    source = (
        HEAD
        + """
class Rooms(FastAPI):
    def __init__(self, **kw):
        super().__init__(**kw)
        self.rooms = {}

app = Rooms(title="one")
"""
    )
    live = Driven(source)
    live.app.rooms["a"] = 1
    rooms = live.app.rooms
    live.edit(source.replace('"one"', '"two"'))
    assert live.app.rooms is rooms
    assert rooms == {"a": 1}
    assert live.app.title == "two"


LIFESPAN = (
    HEAD
    + """
from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    app.state.started = True
    yield

async def other(app):
    yield

app = FastAPI(lifespan=lifespan)

@app.get("/a")
def a(): return "a"
"""
)


def test_changed_lifespan_is_refused() -> None:
    """The old lifespan has run; another one needs a fresh process, and nothing has changed."""
    live = Driven(LIFESPAN)
    was = table(live.app)
    with pytest.raises(Refused, match="lifespan"):
        live.edit(LIFESPAN.replace("lifespan=lifespan", "lifespan=other"))
    assert table(live.app) == was
    live.edit(LIFESPAN.replace("lifespan=lifespan", "lifespan=lifespan, title='x'"))
    assert live.app.title == "x"


def test_new_body_of_the_lifespan_is_refused() -> None:
    """refusal() knows the function behind ``asynccontextmanager``."""
    live = Driven(LIFESPAN)
    [adapter] = [a for a in adapters.active() if a.owns(live.app)][:1]
    code = live.module.lifespan.__wrapped__.__code__
    assert "lifespan" in adapter.refusal(live.app, {code: code})
    assert adapter.refusal(live.app, {live.module.a.__code__: code}) == ""


EVENTS = (
    HEAD
    + """
app = FastAPI()
log = []

@app.on_event("startup")
def up(): log.append("up")

@app.on_event("shutdown")
def down(): log.append("down")

@app.on_event("shutdown")
def last(): log.append("last")

@app.get("/a")
def a(): return "a"
"""
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_new_shutdown_handler_is_called_by_the_lifespan_that_runs() -> None:
    """A new shutdown handler is called by the lifespan that runs; startup handlers have run already."""
    live = Driven(EVENTS)
    with TestClient(live.app):
        live.edit(
            EVENTS.replace("def last(): log", "def last(x=1): log").replace(
                '@app.on_event("shutdown")\ndef down(): log.append("down")',
                '@app.on_event("shutdown")\ndef down(y=2): log.append("DOWN")',
            )
        )
    assert live.log == ["up", "DOWN", "last"]
    with pytest.raises(Refused):
        live.edit(EVENTS.replace('@app.on_event("startup")\ndef up(): log.append("up")\n', ""))


MIXED = (
    HEAD
    + '''
from pydantic import BaseModel
from fastapi.routing import APIRoute

class Loud(APIRoute):
    def get_route_handler(self):
        inner = super().get_route_handler()
        async def handler(request):
            response = await inner(request)
            response.headers["x-loud"] = "1"
            return response
        return handler

class Item(BaseModel):
    name: str = "n"

sub = FastAPI(title="sub")

@sub.get("/a")
def sub_a(): return "sub"

loud = APIRouter(route_class=Loud)

@loud.get("/a")
def loud_a(): return "loud"

app = FastAPI(middleware=[], exception_handlers={404: lambda r, e: PlainTextResponse("nothing here", 404)})
app.mount("/sub", sub)
app.include_router(loud, prefix="/r")
app.add_api_route("/added", sub_a, methods=["GET"])

@app.webhooks.post("ping")
def ping(item: Item):
    """Ping."""

for number in range(2):
    app.add_api_route(f"/n{number}", sub_a, name=f"n{number}")

def custom():
    return {"custom": 1}

@app.get("/a", callbacks=loud.routes)
def a(): return "a"
'''
)

MIXED_PROBES = (
    "/sub/a",
    "/r/a",
    "/added",
    "/n0",
    "/n1",
    "/n2",
    "/a",
    "/none",
    "/sub/b",
    "/openapi.json",
)

MIXED_EDITS = {
    "mount path": edited(MIXED, ('mount("/sub"', 'mount("/b"')),
    "mount removed": edited(MIXED, ('app.mount("/sub", sub)\n', "")),
    "sub-app endpoint": edited(MIXED, ('@sub.get("/a")', '@sub.get("/b")')),
    "route class gone": edited(MIXED, ("APIRouter(route_class=Loud)", "APIRouter()")),
    "loop": edited(MIXED, ("range(2)", "range(3)")),
    "webhook": edited(MIXED, ('webhooks.post("ping")', 'webhooks.post("pong")')),
    "webhook docstring": edited(MIXED, ("Ping.", "Pong.")),
    "add_api_route": edited(MIXED, ('"/added"', '"/added2"')),
    "constructor handlers": edited(MIXED, ('"nothing here"', '"nothing"')),
    "custom openapi": MIXED + "\napp.openapi = custom\n",
}


@pytest.mark.parametrize("kind", MIXED_EDITS)
def test_mounts_route_classes_webhooks_and_arguments_follow(kind: str) -> None:
    """Mounts, sub-apps, route classes, webhooks, loops and constructor arguments."""
    import fastapi.routing

    if not hasattr(fastapi.routing, "_IncludedRouter") and kind == "route class gone":
        pytest.skip(
            "this FastAPI copies routes: the engine runs the including statements again (adapter.copies)"
        )
    check(MIXED, MIXED_EDITS[kind], *MIXED_PROBES)


PLAIN = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute

def home(request): return PlainTextResponse("home")
async def other(request): return PlainTextResponse("other")

inner = Router([Route("/a", home)])
app = Starlette(routes=[Route("/", home), Mount("/in", inner)])
app.state.n = 1
"""


@pytest.mark.parametrize(
    "after",
    [
        edited(PLAIN, ('Route("/", home)', 'Route("/", other), Route("/h", home)')),
        edited(PLAIN, ('Route("/a", home)', 'Route("/a", other)')),
        edited(PLAIN, ('Mount("/in", inner)', 'Mount("/out", inner)')),
        edited(PLAIN, ("Starlette(routes", "Starlette(debug=True, routes")),
    ],
)
def test_an_app_made_of_a_list_of_routes_follows(after: str) -> None:
    """Apps that are made of a list of routes."""
    live = check(PLAIN, after, "/", "/h", "/in/a", "/out/a", "/none", rebuilt=None)
    assert live.app.state.n == 1


def test_requests_in_flight_finish_with_the_old_routes() -> None:
    """A request, and a WebSocket, that are being served while the app changes go on as they began."""
    source = (
        HEAD
        + """
import threading
entered, go = threading.Event(), threading.Event()
app = FastAPI()

@app.get("/slow")
def slow():
    entered.set()
    go.wait(10)
    return "slow"

@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    for _ in range(2):
        await socket.send_text("echo " + await socket.receive_text())
"""
    )
    import threading

    live = Driven(source)
    with TestClient(live.app) as client, client.websocket_connect("/ws") as socket:
        socket.send_text("1")
        assert socket.receive_text() == "echo 1"
        got: list[Any] = []
        thread = threading.Thread(target=lambda: got.append(client.get("/slow")))
        thread.start()
        live.entered.wait(10)
        live.edit(
            source.replace('get("/slow")', 'get("/fast")').replace('"/ws"', '"/ws2"')
            + "\napp.title = 'x'\n"
        )
        live.go.set()
        thread.join(10)
        assert (got[0].status_code, got[0].text) == (200, '"slow"')
        socket.send_text("2")
        assert socket.receive_text() == "echo 2"
        assert client.get("/slow").status_code == 404
        assert client.get("/fast").status_code == 200


def test_a_class_that_changed_shape_is_forgotten() -> None:
    """Model fields of query models and the schema are cached by class; the class keeps its identity."""
    source = (
        HEAD
        + """
from typing import Annotated
from fastapi import Query
from pydantic import BaseModel
class Filter(BaseModel):
    limit: int = 1
app = FastAPI()
@app.get("/a")
def a(f: Annotated[Filter, Query()]): return f
"""
    )
    live = Driven(source)
    assert answers(live.app, ("/a",))[0][2] == '{"limit":1}'
    openapi(live.app)
    new = fresh(
        source.replace("limit: int = 1", "limit: int = 1\n    page: int = 2"), live.module.__name__
    )
    cls = live.module.Filter
    cls.__pydantic_fields__ = new.Filter.__pydantic_fields__
    cls.__annotations__ = new.Filter.__annotations__
    cls.model_rebuild(force=True)
    for adapter in adapters.active():
        adapter.class_changed([cls])
    live.edit(source.replace('get("/a")', 'get("/a", status_code=201)'))
    assert answers(live.app, ("/a",))[0][2] == '{"limit":1,"page":2}'
    assert "page" in str(openapi(live.app))


def test_directories_that_an_app_serves_are_known(tmp_path: Any) -> None:
    """What an app serves from the disk is known to the browser side and the watcher."""
    pytest.importorskip("jinja2")
    (tmp_path / "static").mkdir()
    (tmp_path / "tpl").mkdir()
    source = (
        HEAD
        + f"""
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
app = FastAPI()
sub = FastAPI()
sub.mount("/in", StaticFiles(directory={str(tmp_path / "static")!r}))
app.mount("/static", StaticFiles(directory={str(tmp_path / "static")!r}), name="static")
app.mount("/sub", sub)
templates = Jinja2Templates(directory={str(tmp_path / "tpl")!r})
"""
    )
    module = fresh(source)
    [adapter] = [a for a in adapters.active() if a.owns(module.app)][:1]
    assert adapter.served(module.app) == [
        ("/static/", str(tmp_path / "static")),
        ("/sub/in/", str(tmp_path / "static")),
    ]
    assert adapter.templates({"m": module}) == [str(tmp_path / "tpl")]


def test_a_definition_that_is_not_told_apart_is_replayed() -> None:
    """The same name twice, as tutorials have it: everything runs again, in order."""
    source = APP + '\n@app.get("/b2")\ndef b():\n    return 2\n'
    live = Driven(source)
    live.edit(source.replace('"/b2"', '"/b3"'))
    assert live.rebuilt == {"app"}
    assert [r.path for r in live.app.routes][-4:] == ["/a", "/b", "/{rest}", "/b3"]
    assert table(live.app) == table(fresh(live.source, live.module.__name__).app)


def test_ran_is_a_plain_record() -> None:
    assert Ran("m", {"a"}, set(), ["a"], replayed=False).order == ["a"]

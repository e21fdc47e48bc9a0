"""Apps of many frameworks, as their tutorials write them, edited while they serve."""

from __future__ import annotations

import http.client
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.frameworks_table import broken, promised, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap.testing import Live, Project

    Start = Callable[..., Live]
    Keep = Callable[..., "KeptAlive"]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="exec keeps connections on POSIX"),
]


class KeptAlive:
    """One HTTP/1.1 connection; asking on it again fails when the server has closed it."""

    def __init__(self, live: Live, port: int | None = None) -> None:
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port or live.port, timeout=live.deadline
        )
        self.connection.connect()
        self.socket: Any = self.connection.sock
        self.socket_name = self.socket.getsockname()

    def get(self, path: str) -> tuple[int, str]:
        """Ask on this very connection."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        assert self.connection.sock is self.socket, "the server closed the connection"
        return answer.status, text


@pytest.fixture(name="keep")
def _keep() -> Iterator[Callable[..., KeptAlive]]:
    opened: list[KeptAlive] = []

    def connect(live: Live, port: int | None = None) -> KeptAlive:
        opened.append(KeptAlive(live, port))
        return opened[-1]

    yield connect
    for one in opened:
        one.connection.close()


def test_every_row_has_its_test() -> None:
    here = Path(__file__).parent
    sources = "".join(path.read_text() for path in here.glob("test_frameworks*.py"))
    held = set(re.findall(r'promised\("(.+?)"\)', sources))

    assert held == set(rows())


CHAT = """
    from contextlib import asynccontextmanager
    from typing import Annotated

    from fastapi import Cookie, Depends, FastAPI, Query, WebSocket, WebSocketDisconnect


    class Manager:
        def __init__(self):
            self.active: list[WebSocket] = []

        async def connect(self, websocket: WebSocket):
            await websocket.accept()
            self.active.append(websocket)

        def disconnect(self, websocket: WebSocket):
            self.active.remove(websocket)

        async def broadcast(self, message: str):
            for connection in self.active:
                await connection.send_text(message)


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.greeting = "one"
        yield


    app = FastAPI(lifespan=lifespan)
    manager = Manager()


    async def token(websocket: WebSocket, token: Annotated[str | None, Query()] = None):
        return token or "nobody"


    @app.get("/")
    async def index():
        return {"active": len(manager.active), "greeting": app.state.greeting}


    @app.websocket("/ws/{client}")
    async def talk(websocket: WebSocket, client: int, who: Annotated[str, Depends(token)]):
        await manager.connect(websocket)
        try:
            while True:
                data = await websocket.receive_text()
                await manager.broadcast(f"{client} ({who}) says: {data}")
        except WebSocketDisconnect:
            manager.disconnect(websocket)
            await manager.broadcast(f"{client} left")
"""


def test_fastapi(project: Project, live: Start) -> None:
    row = promised("FastAPI")
    project.write(main=CHAT)
    server = live("main:app")
    with server.websocket("/ws/7?token=ann") as first, server.websocket("/ws/8") as second:
        first.send("hello")
        assert first.recv() == "7 (ann) says: hello"
        second.send("hello")
        while second.recv() != "8 (nobody) says: hello":
            pass  # perhaps it came in before the first one spoke
        assert first.recv() == "8 (nobody) says: hello"

        body = server.swap("main.py", "says: ", "means: ")
        first.send("a")
        heard = (first.recv(), second.recv())
        structure = server.save(
            "main.py", lambda text: text + '\n\n@app.get("/new")\ndef new():\n    return "new"\n'
        )
        assert server.get("/new").json() == "new"
        bad = broken(server, "main.py")
        first.send("b")
        assert second.recv() == "7 (ann) means: b"
        assert first.recv() == "7 (ann) means: b"

        climbed = server.swap("main.py", '= "one"', '= "two"')
        first.send("c")
        assert first.recv() == "7 (ann) means: c"
        second.send("d")
        assert second.recv().endswith("means: c")
        assert second.recv() == "8 (nobody) means: d"

    assert heard == ("7 (ann) means: a",) * 2
    row.held(server, body=body, structure=structure, broken=bad)
    assert climbed["rung"] == "exec"
    assert "lifespan" in row.climbs
    row.crossed(server, kept=True)
    assert server.get().json()["greeting"] == "two"
    server.stop()


BIGGER = {
    "app/__init__.py": "",
    "app/dependencies.py": """
        from typing import Annotated

        from fastapi import Header, HTTPException


        async def get_token_header(x_token: Annotated[str, Header()] = "fake"):
            if x_token != "fake":
                raise HTTPException(status_code=400, detail="X-Token header invalid")


        async def get_query_token(token: str):
            if token != "jessica":
                raise HTTPException(status_code=400, detail="No Jessica token provided")
    """,
    "app/routers/__init__.py": "",
    "app/routers/items.py": """
        from fastapi import APIRouter, Depends, HTTPException

        from ..dependencies import get_token_header

        router = APIRouter(
            prefix="/items",
            tags=["items"],
            dependencies=[Depends(get_token_header)],
            responses={404: {"description": "Not found"}},
        )
        db = {"plumbus": {"name": "Plumbus"}, "gun": {"name": "Portal Gun"}}


        @router.get("/")
        async def read_items():
            return db


        @router.get("/{item_id}")
        async def read_item(item_id: str):
            if item_id not in db:
                raise HTTPException(status_code=404, detail="Item not found")
            return {"name": db[item_id]["name"], "item_id": item_id}
    """,
    "app/routers/users.py": """
        from fastapi import APIRouter

        router = APIRouter()


        @router.get("/users/me", tags=["users"])
        async def read_user_me():
            return {"username": "fakecurrentuser"}
    """,
    "app/internal/__init__.py": "",
    "app/internal/admin.py": """
        from fastapi import APIRouter

        router = APIRouter()


        @router.post("/")
        async def update_admin():
            return {"message": "Admin getting schwifty"}
    """,
    "app/main.py": """
        from fastapi import Depends, FastAPI

        from .dependencies import get_query_token, get_token_header
        from .internal import admin
        from .routers import items, users

        app = FastAPI(dependencies=[Depends(get_query_token)])
        app.include_router(users.router)
        app.include_router(items.router)
        app.include_router(
            admin.router,
            prefix="/admin",
            tags=["admin"],
            dependencies=[Depends(get_token_header)],
            responses={418: {"description": "I'm a teapot"}},
        )


        @app.get("/")
        async def root():
            return {"message": "Hello Bigger Applications!"}
    """,
}


def test_fastapi_of_several_modules(project: Project, live: Start, keep: Keep) -> None:
    row = promised("FastAPI, several modules")
    project.write(BIGGER)
    server = live("app.main:app")
    http = keep(server)
    assert http.get("/users/me?token=jessica") == (200, '{"username":"fakecurrentuser"}')

    body = server.swap("app/routers/users.py", "fakecurrentuser", "rick")
    assert http.get("/users/me?token=jessica") == (200, '{"username":"rick"}')
    dependency = server.swap("app/dependencies.py", '!= "jessica"', '!= "morty"')
    assert http.get("/users/me?token=jessica")[0] == 400
    structure = server.save(
        "app/routers/users.py",
        lambda text: (
            text + '\n\n@router.get("/users/{name}")\nasync def one(name: str):\n    return name\n'
        ),
    )
    assert http.get("/users/beth?token=morty") == (200, '"beth"')
    signature = server.swap(
        "app/dependencies.py", "(token: str)", '(token: str, planet: str = "earth")'
    )
    assert "planet" in http.get("/openapi.json")[1]
    prefix = server.swap("app/main.py", 'prefix="/admin"', 'prefix="/boss"')
    assert '"/boss/"' in http.get("/openapi.json")[1]
    bad = broken(server, "app/routers/items.py")
    assert http.get("/items/gun?token=morty")[0] == 200

    row.held(server, body=body, structure=structure, broken=bad)
    assert {one["verdict"] for one in (dependency, signature, prefix)} == {"swapped"}
    server.signal(signal.SIGUSR1)
    row.crossed(server, kept=True)
    assert http.get("/items/gun?token=morty")[0] == 200
    server.stop()


SSE = """
    import asyncio

    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app = FastAPI()


    def event(number):
        return f"id: {number}\\ndata: one\\n\\n"


    async def numbers():
        number = 0
        while True:
            yield event(number)
            number += 1
            await asyncio.sleep(0.02)


    @app.get("/events")
    async def events():
        return StreamingResponse(numbers(), media_type="text/event-stream")
"""


class Stream:
    """A server-sent event stream that stays open."""

    def __init__(self, live: Live, path: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=live.deadline)
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()

    def until(self, wanted: str) -> str:
        """Read lines until one contains `wanted`."""
        while line := self.answer.readline().decode():
            if wanted in line:
                return line.strip()
        raise AssertionError(f"the stream ended before {wanted!r} came")


def test_fastapi_server_sent_events(project: Project, live: Start) -> None:
    row = promised("FastAPI, server-sent events")
    project.write(main=SSE)
    server = live("main:app")
    stream = Stream(server, "/events")
    stream.until("data: one")

    body = server.swap("main.py", "data: one", "data: two")
    stream.until("data: two")
    before = int(stream.until("id: ").split()[1])
    suspended = server.swap("main.py", "number += 1", "number += 1000")
    while int(stream.until("id: ").split()[1]) < before + 1000:
        pass
    structure = server.save(
        "main.py", lambda text: text + '\n\n@app.get("/new")\ndef new():\n    return "new"\n'
    )
    assert server.get("/new").json() == "new"
    bad = broken(server, "main.py")
    stream.until("data: two")

    row.held(server, body=body, structure=structure, broken=bad)
    assert (suspended["rung"], suspended["stale"]) == ("patch", [])
    server.signal(signal.SIGUSR1)
    row.crossed(server, kept=True)
    stream.until("data: two")
    server.stop()


STARLETTE = """
    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
    from starlette.middleware import Middleware
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Mount, Route, WebSocketRoute


    class Stamp:
        def __init__(self, app):
            self.app = app
            self.seen = 0

        async def __call__(self, scope, receive, send):
            self.seen += 1
            scope["seen"] = self.seen
            await self.app(scope, receive, send)


    async def homepage(request):
        return JSONResponse({"hello": "world", "seen": request.scope["seen"]})


    class User(HTTPEndpoint):
        async def get(self, request):
            return PlainTextResponse("user " + request.path_params["name"])


    class Echo(WebSocketEndpoint):
        encoding = "text"

        async def on_receive(self, websocket, data):
            await websocket.send_text("one " + data)


    app = Starlette(
        routes=[
            Route("/", homepage),
            WebSocketRoute("/ws", Echo),
            Mount("/users", routes=[Route("/{name}", User)]),
        ],
        middleware=[Middleware(Stamp)],
    )
"""


def test_starlette(project: Project, live: Start) -> None:
    row = promised("Starlette")
    project.write(main=STARLETTE)
    server = live("main:app")
    assert server.get("/").json()["seen"] == 2  # the lifespan was the first
    with server.websocket() as ws:
        ws.send("a")
        assert ws.recv() == "one a"
        body = server.swap("main.py", '"one "', '"two "')
        ws.send("a")
        assert ws.recv() == "two a"
        structure = server.swap(
            "main.py", 'Route("/", homepage),', 'Route("/", homepage), Route("/home", homepage),'
        )
        assert server.get("/home").json() == {"hello": "world", "seen": 4}
        bad = broken(server, "main.py")
        ws.send("a")
        assert ws.recv() == "two a"
        row.held(server, body=body, structure=structure, broken=bad)
        server.signal(signal.SIGUSR1)
        row.crossed(server, kept=True)
        ws.send("a")
        assert ws.recv() == "two a"
    assert server.get("/users/ann").text == "user ann"
    server.stop()


FLASK = """
    from a2wsgi import WSGIMiddleware
    from flask import Blueprint, Flask, jsonify, session

    pages = Blueprint("pages", __name__, url_prefix="/pages")
    flask_app = Flask(__name__)
    flask_app.secret_key = "dev"
    hits = []


    @pages.route("/<name>")
    def page(name):
        return f"<p>page {name}</p>"


    @flask_app.route("/")
    def hello_world():
        hits.append(1)
        return "<p>Hello, World!</p>"


    @flask_app.before_request
    def count():
        session["count"] = session.get("count", 0) + 1


    @flask_app.errorhandler(404)
    def missing(error):
        return jsonify(missing=True, hits=len(hits)), 404


    flask_app.register_blueprint(pages)
    app = WSGIMiddleware(flask_app)
"""


@pytest.mark.parametrize("name", ["app", "flask_app"])
def test_flask(project: Project, live: Start, keep: Keep, name: str) -> None:
    pytest.importorskip("a2wsgi")
    row = promised("Flask")
    project.write(main=FLASK)
    server = live(f"main:{name}")
    http = keep(server)
    assert http.get("/") == (200, "<p>Hello, World!</p>")

    body = server.swap("main.py", "World!", "Moon!")
    assert http.get("/") == (200, "<p>Hello, Moon!</p>")
    structure = server.swap(
        "main.py",
        "\n\n@flask_app.before_request",
        '\n\n@flask_app.route("/new")\ndef new():\n    return "new"\n\n\n@flask_app.before_request',
    )
    assert http.get("/new") == (200, "new")
    prefix = server.swap("main.py", '"/pages"', '"/leaves"')
    assert http.get("/leaves/x") == (200, "<p>page x</p>")
    assert http.get("/pages/x")[0] == 404
    bad = broken(server, "main.py")
    assert http.get("/none")[1].replace(" ", "").strip() == '{"hits":2,"missing":true}'

    row.held(server, body=body, structure=structure, broken=bad)
    assert prefix["rung"] == "reexec"
    server.signal(signal.SIGUSR1)
    row.crossed(server, kept=True)
    assert http.get("/leaves/x") == (200, "<p>page x</p>")
    server.stop()


LITESTAR = """
    from litestar import Controller, Litestar, get, post, websocket_listener
    from litestar.di import Provide


    async def greeting() -> str:
        return "hello"


    @get("/")
    async def index(greeting: str) -> str:
        return greeting + " one"


    @websocket_listener("/ws")
    async def talk(data: str) -> str:
        return "one " + data


    class Books(Controller):
        path = "/books"

        @get("/{number:int}")
        async def book(self, number: int) -> dict[str, int]:
            return {"number": number}


    app = Litestar([index, talk, Books], dependencies={"greeting": Provide(greeting)})
"""


def test_litestar(project: Project, live: Start) -> None:
    pytest.importorskip("litestar")
    row = promised("Litestar")
    project.write(main=LITESTAR)
    server = live("main:app")
    with server.websocket() as ws:
        ws.send("a")
        assert ws.recv() == "one a"
        body = server.swap("main.py", "one", "two")
        ws.send("a")
        assert ws.recv() == "two a"
        assert server.get("/").text == "hello two"
        bad = broken(server, "main.py")
        ws.send("a")
        assert ws.recv() == "two a"
        structure = server.swap("main.py", '@get("/")', '@get("/new")')
        ws.send("a")
        assert ws.recv() == "two a"
        assert server.get("/new").text == "hello two"
    row.held(server, body=body, structure=structure, broken=bad)
    row.crossed(server, kept=True)
    server.stop()


def test_litestar_controller(project: Project, live: Start) -> None:
    pytest.importorskip("litestar")
    project.write(main=LITESTAR)
    server = live("main:app")

    structure = server.swap("main.py", '"/{number:int}"', '"/by/{number:int}"')

    assert structure["rung"] == promised("Litestar").structure
    assert server.get("/books/by/3").json() == {"number": 3}


QUART = """
    from quart import Quart, websocket

    app = Quart(__name__)


    @app.get("/")
    async def index():
        return {"word": "one"}


    @app.websocket("/ws")
    async def talk():
        while True:
            text = await websocket.receive()
            await websocket.send("one " + text)
"""


def test_quart(project: Project, live: Start) -> None:
    pytest.importorskip("quart")
    row = promised("Quart")
    project.write(main=QUART)
    server = live("main:app")
    with server.websocket() as ws:
        ws.send("a")
        assert ws.recv() == "one a"
        body = server.swap("main.py", "one", "two")
        ws.send("a")
        assert ws.recv() == "two a"
        assert server.get("/").json() == {"word": "two"}
        bad = broken(server, "main.py")
        ws.send("a")
        assert ws.recv() == "two a"
        structure = server.swap("main.py", '@app.get("/")', '@app.get("/new")')
        ws.send("a")
        assert ws.recv() == "two a"
        assert server.get("/new").json() == {"word": "two"}
        row.held(server, body=body, structure=structure, broken=bad)
        server.signal(signal.SIGUSR1)
        row.crossed(server, kept=True)
        ws.send("a")
        assert ws.recv() == "two a"
    server.stop()

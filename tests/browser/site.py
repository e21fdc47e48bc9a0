"""A small app under `Browser`, served by uvicorn in a thread; the test says when a file has been saved.

`hotswap`'s watcher and engine are left out on purpose: a test here is about what a page does with an event.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from hotswap.source.model import Change, Fault, Outcome
from hotswap.web.browser import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from hotswap.web.asgi import ASGIApp

TIMEOUT = 15.0


class Site:
    """One project on disk, one app, one server after another on the same port."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.static = folder / "static"
        self.templates = folder / "templates"
        self.static.mkdir()
        self.templates.mkdir()
        self.options = options
        self.values: dict[str, Any] = {"greeting": "hello"}
        self.headers: dict[str, str] = {}
        self.reloads: list[str] = []
        self.said: list[str] = []
        self.sockets: list[WebSocket] = []
        self.heard: list[str] = []
        self.during: Callable[[], None] | None = None
        self.uvicorn_options: dict[str, Any] = {}
        self.saves = 0
        self.posts = 0
        self.port = 0
        self.browser: Browser
        self._server: uvicorn.Server
        self._thread: threading.Thread
        self._loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """The address of the front page."""
        return f"http://127.0.0.1:{self.port}/"

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of the project without telling anybody."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def save(self, name: str, text: str | bytes) -> None:
        """Write a file and tell the browser side, as the session does after the watcher."""
        path = self.write(name, text)
        taken = self.call(lambda: self.browser.files([str(path)]))
        assert taken == (str(path),), "the browser side does not know this file"

    def swap(self, *changed: str, file: str = "main.py", **facts: Any) -> None:
        """Tell the browser side that a Python file was swapped."""
        changes = tuple(Change("~", file, name, "body") for name in changed)
        outcome = Outcome(True, facts.pop("rung", "patch"), (file,), changes, **facts)
        self.call(lambda: self.browser.outcome(outcome))

    def fail(self, fault: Fault, *, pending: tuple[str, ...] = ()) -> None:
        """Tell the browser side that a Python file was not swapped."""
        outcome = Outcome(False, None, (fault.path,), fault=fault, pending=pending or (fault.path,))
        self.call(lambda: self.browser.outcome(outcome))

    def call(self, function: Callable[[], Any]) -> Any:
        """Run something on the server's loop, give what it gives."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(TIMEOUT)

    def app(self) -> ASGIApp:
        """Make the app: pages from templates, an API, an echo socket, static files."""
        environment = Environment(loader=FileSystemLoader(self.templates), autoescape=True)

        async def page(request: Request) -> HTMLResponse:
            if self.during is not None:
                self.during()
            name = request.path_params.get("name") or "index"
            status = 200
            if not (self.templates / f"{name}.html").exists():
                name, status = "missing", 404
            body = environment.get_template(f"{name}.html").render(**self.values)
            return HTMLResponse(body, status_code=status, headers=self.headers)

        async def bare(_: Request) -> HTMLResponse:
            return HTMLResponse(f"<h1 id=title>{self.values['greeting']}</h1><input id=name>")

        async def form(request: Request) -> HTMLResponse:
            self.posts += request.method == "POST"
            return HTMLResponse(FORM.format(greeting=self.values["greeting"], posts=self.posts))

        async def api(_: Request) -> JSONResponse:
            return JSONResponse({"greeting": self.values["greeting"]})

        async def broken(_: Request) -> HTMLResponse:
            if self.values["greeting"] == "mended":
                return HTMLResponse("<p id=text>mended</p>")
            raise RuntimeError(self.values["greeting"])

        async def echo(websocket: WebSocket) -> None:
            offered = websocket.scope["subprotocols"]
            await websocket.accept(subprotocol=offered[0] if offered else None)
            self.sockets.append(websocket)
            async for text in websocket.iter_text():
                self.heard.append(text)
                await websocket.send_text(f"{self.values['greeting']}: {text}")

        async def plain(_: Request) -> PlainTextResponse:
            return PlainTextResponse("plain")

        return Starlette(
            routes=[
                Route("/api", api),
                Route("/bare", bare),
                Route("/form", form, methods=["GET", "POST"]),
                Route("/plain", plain),
                Route("/broken", broken),
                WebSocketRoute("/echo", echo),
                Mount("/static", StaticFiles(directory=self.static)),
                Route("/", page),
                Route("/{name}", page),
            ]
        )

    def start(self, carried: dict[str, object] | None = None) -> None:
        """Serve on the same port as before, in a thread; returns when it accepts connections."""
        self.browser = Browser(
            root=str(self.folder),
            ask_reload=self.reloads.append,
            say=self.said.append,
            token_dir=str(self.folder),
            status=lambda: {
                "target": "main:app",
                "generation": self.saves,
                "connections": {"websocket": len(self.sockets)},
            },
            **self.options,
        )
        self.browser.serves([("/static", str(self.static))], [str(self.templates)])
        if carried is not None:
            self.browser.adopt(carried)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.browser.wrap(self.app()),
            log_level="critical",
            lifespan="off",
            **{"timeout_graceful_shutdown": 3, **self.uvicorn_options},
        )
        self._server = uvicorn.Server(config)
        ready = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            startup = self._server.startup

            async def started(sockets: list[socket.socket] | None = None) -> None:
                await startup(sockets)
                ready.set()

            self._server.startup = started  # type: ignore[method-assign]
            with contextlib.suppress(asyncio.CancelledError):
                await self._server.serve([listener])

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(TIMEOUT), "the server did not start"

    def kill(self) -> None:
        """End at once, connections cut as by ``kill -9``."""

        def cut() -> None:
            for server in self._server.servers:  # first: a page is back within 20 ms
                server.close()
            for connection in list(self._server.server_state.connections):
                transport = getattr(connection, "transport", None)
                if transport is not None:
                    transport.abort()

        self._server.force_exit = self._server.should_exit = True
        self.call(cut)
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """End as on Ctrl+C."""
        asyncio.run_coroutine_threadsafe(self.browser.close(), self._loop).result(TIMEOUT)
        self._server.should_exit = True
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive()


@contextlib.contextmanager
def serving(folder: Path, **options: Any) -> Iterator[Site]:
    """Serve a new project until the block ends."""
    site = Site(folder, **options)
    site.write("templates/index.html", PAGE)
    site.write(
        "templates/missing.html", "<!doctype html><html><head></head><body>missing</body></html>"
    )
    site.write("static/app.css", "p { color: rgb(255, 0, 0) }")
    site.start()
    try:
        yield site
    finally:
        site.stop()


PAGE = """\
<!doctype html>
<html>
<head>
<title>site</title>
<link rel="stylesheet" href="/static/app.css">
</head>
<body>
<h1 id="title">{{ greeting }}</h1>
<p id="text">text</p>
<form><input id="name" name="name"><input id="check" type="checkbox">
<textarea id="long">one</textarea>
<select id="choice"><option>a<option>b</select></form>
<details id="details"><summary>more</summary>inner</details>
<ul id="list"><li>one</li><li>two</li></ul>
</body>
</html>
"""

FORM = """\
<!doctype html><html><head><link rel="stylesheet" href="/static/app.css"></head>
<body><form method="post"><button id="send">send</button></form><p id="text">{greeting} {posts}</p></body></html>
"""

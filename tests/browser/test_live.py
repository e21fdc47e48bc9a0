"""The whole of hotswap under a real browser: a file is saved on disk, and the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.follow import READY, same_document, visit, wait_overlay, wait_style

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from hotswap.testing import Live, Project

pytest_plugins = ("hotswap.testing",)

MAIN = """
import os
from fastapi import FastAPI, Request, WebSocket
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

app = FastAPI()
app.mount("/static", StaticFiles(directory="static"), name="static")
templates = Jinja2Templates(directory="templates")
visits = []


def greeting():
    return "hello"


@app.get("/")
async def index(request: Request):
    visits.append(1)
    return templates.TemplateResponse(request, "index.html", {"greeting": greeting()})


@app.get("/api")
async def api():
    return {"greeting": greeting(), "visits": len(visits), "pid": os.getpid()}


@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    while True:
        text = await websocket.receive_text()
        await websocket.send_text(f"{greeting()}: {text}")
"""
INDEX = """<!doctype html><html><head><link rel=stylesheet href=/static/app.css>
<script type=module src=/static/app.js></script></head>
<body><h1 id=title>{{ greeting }}</h1><p id=text>text</p><input id=name></body></html>
"""
BLUE = "rgb(0, 0, 255)"


def begin(project: Project, live: Callable[..., Live], *options: str) -> Live:
    project.write(
        {
            "main.py": MAIN,
            "templates/index.html": INDEX,
            "static/app.css": "p { color: rgb(255, 0, 0) }",
            "static/app.js": "let n = 0;\nexport function inc() { n += 1; return n }\nglobalThis.inc = inc;\n",
        }
    )
    return live("main:app", *options)


def wait_title(page: Page, text: str) -> None:
    page.wait_for_function("t => document.querySelector('#title').textContent === t", arg=text)


def test_saves_reach_the_page(page: Page, project: Project, live: Callable[..., Live]) -> None:
    server = begin(project, live)
    visit(page, server.url)
    page.fill("#name", "typed")
    page.wait_for_function("Boolean(globalThis.inc)")
    page.evaluate("inc()")

    project.path("static/app.css").write_text("p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", BLUE)

    project.path("static/app.js").write_text(
        "let n = 0;\nexport function inc() { n += 10; return n }\nglobalThis.inc = inc;\n"
    )
    page.wait_for_function("inc() > 10")

    project.path("templates/index.html").write_text(INDEX.replace("<p ", "<i id=new>new</i><p "))
    page.wait_for_selector("#new")

    server.swap("main.py", 'return "hello"', 'return "changed"')
    wait_title(page, "changed")

    server.swap("main.py", "def greeting():", "def greeting()")
    wait_overlay(page, text="main.py")
    server.write(
        "main.py", MAIN.replace('return "hello"', 'return "changed"')
    )  # as it was: nothing to swap
    wait_overlay(page, shown=False)

    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_an_exec_reload_without_a_page_reload(
    page: Page, project: Project, live: Callable[..., Live]
) -> None:
    server = begin(project, live)
    visit(page, server.url)
    page.fill("#name", "typed")
    page.evaluate(
        """() => new Promise((done) => {
          globalThis.log = [];
          globalThis.socket = new WebSocket(`ws://${location.host}/echo`);
          socket.onopen = () => { log.push('open'); done() };
          socket.onmessage = (event) => log.push(event.data);
          socket.onclose = (event) => log.push(`close ${event.code}`);
        })"""
    )
    page.evaluate("socket.send('one')")
    page.wait_for_function("log.includes('hello: one')")
    pid = server.get("/api").json()["pid"]
    epoch = page.evaluate("__hotswap__.epoch")

    page.context.request.post(
        server.url.rstrip("/") + "/__hotswap__/reload",
        headers={
            "x-hotswap-token": page.evaluate(
                "document.querySelector('script[data-hotswap]').dataset.token"
            ),
            "origin": server.url.rstrip("/"),
        },
    )
    server.wait(lambda event: event.get("verdict") == "reloaded", what="the exec reload")

    page.evaluate("socket.send('two')")
    page.wait_for_function("log.includes('hello: two')")
    assert server.get("/api").json()["pid"] == pid
    project.path("static/app.css").write_text("p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", BLUE)
    server.swap("main.py", 'return "hello"', 'return "after"')
    wait_title(page, "after")
    assert page.evaluate("__hotswap__.epoch") == epoch
    assert page.evaluate("log.filter((line) => line.startsWith('close'))") == []
    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_kill_and_restart(page: Page, project: Project, live: Callable[..., Live]) -> None:
    server = begin(project, live)
    visit(page, server.url)
    page.fill("#name", "typed")
    port = server.port
    server.kill()
    page.wait_for_function("!__hotswap__.connected")
    project.path("main.py").write_text(MAIN.replace('"hello"', '"reborn"'))
    live("main:app", "--port", str(port))
    wait_title(page, "reborn")
    page.wait_for_function(READY)
    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_stopping_is_quick_with_pages_open(
    page: Page, project: Project, live: Callable[..., Live]
) -> None:
    server = begin(project, live)
    visit(page, server.url)
    assert server.stop() in (0, 130, -2)

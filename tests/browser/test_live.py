"""The whole of hotswap under a real browser: a file is saved on disk, and the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
    page.wait_for_function("t => document.querySelector('#title')?.textContent === t", arg=text)


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
    page.wait_for_function("-inc() + inc() === 10")

    project.path("templates/index.html").write_text(INDEX.replace("<p ", "<i id=new>new</i><p "))
    page.wait_for_selector("#new")

    server.swap("main.py", 'return "hello"', 'return "changed"')
    wait_title(page, "changed")

    server.swap("main.py", "def greeting():", "def greeting()")
    wait_overlay(page, text="main.py")
    # as it was: nothing to swap
    server.write("main.py", MAIN.replace('return "hello"', 'return "changed"'))
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


MIGRATING = """
import sqlite3
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
def index():
    with sqlite3.connect("app.db") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(lines)")]
    return f"<!doctype html><html><head></head><body><p id=columns>{columns}</p></body></html>"
"""


def press(page: Page, label: str) -> None:
    page.locator("hotswap-overlay").locator(f"button:text-is('{label}')").click()


def test_migrations_follow_their_files(
    page: Page, project: Project, live: Callable[..., Live]
) -> None:
    """In order, each whole or not at all; an edited one asks before data is lost."""
    first, second = "migrations/001_lines.sql", "migrations/002_who.sql"
    project.write({"main.py": MIGRATING, first: "CREATE TABLE lines (text TEXT);"})
    server = live("main:app", "--migrations", "app.db=migrations/*.sql")
    visit(page, server.url)
    assert page.text_content("#columns") == "['text']"

    server.write(second, "ALTER TABLE lines ADD COLUMN who TEXT;\nALTER TABLE absent ADD COLUMN a;")
    wait_overlay(page, text="no such table: absent")
    page.reload()
    assert page.text_content("#columns") == "['text']"
    wait_overlay(page, text="002_who.sql")

    server.write(second, "ALTER TABLE lines ADD COLUMN who TEXT;")
    wait_overlay(page, shown=False)
    page.reload()
    assert page.text_content("#columns") == "['text', 'who']"

    server.write(second, "ALTER TABLE lines ADD COLUMN author TEXT;")
    wait_overlay(page, text="what was written since is lost")
    press(page, "Apply it again")
    wait_overlay(page, shown=False)
    page.reload()
    assert page.text_content("#columns") == "['text', 'author']"


ALEMBIC_ENV = """
import asyncio
from logging.config import fileConfig
from alembic import context
from sqlalchemy import create_engine


def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
        run(connection)


asyncio.run(main())
"""
REVISION = '''"""{message}"""
from alembic import op
revision = "{name}"
down_revision = {before!r}


def upgrade():
    op.execute("{sql}")


def downgrade():
    pass
'''


def test_pending_revisions_have_a_button(
    page: Page, project: Project, live: Callable[..., Live]
) -> None:
    pytest.importorskip("alembic")
    create = REVISION.format(
        name="a1", before=None, message="lines", sql="CREATE TABLE lines (text TEXT)"
    )
    project.write(
        {
            "main.py": MIGRATING,
            "alembic.ini": "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = sqlite:///app.db\n",
            "alembic/env.py": ALEMBIC_ENV,
            "alembic/versions/a1.py": create,
        }
    )
    server = live("main:app", "--migrations", "alembic.ini")
    visit(page, server.url)
    wait_overlay(page, text="1 revision is pending")
    assert page.text_content("#columns") == "[]"
    press(page, "Upgrade")
    wait_overlay(page, shown=False)
    page.reload()
    assert page.text_content("#columns") == "['text']"

    broken = REVISION.format(
        name="b2", before="a1", message="who", sql="ALTER TABLE absent ADD COLUMN who TEXT"
    )
    server.write("alembic/versions/b2.py", broken)
    wait_overlay(page, text="b2  who")
    press(page, "Upgrade")
    wait_overlay(page, text="no such table: absent")
    server.write("alembic/versions/b2.py", broken.replace("absent", "lines"))
    wait_overlay(page, text="b2  who")
    press(page, "Upgrade")
    wait_overlay(page, shown=False)
    page.reload()
    assert page.text_content("#columns") == "['text', 'who']"

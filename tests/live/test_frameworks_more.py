"""Further frameworks and libraries that apps are built with, edited while they serve."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.frameworks_table import broken, promised, rung

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Event, Live, Project

    Start = Callable[..., Live]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="exec keeps connections on POSIX"),
]


def reload(live: Live) -> Event:
    """Ask for an exec reload; give its outcome once the new image has started."""
    since = len(live.events)
    live.signal(signal.SIGUSR1)
    outcome = live.wait(lambda event: event.get("verdict") == "reloaded", since=since)
    live.wait(lambda event: event["event"] == "started", since=since)
    return outcome


DJANGO = {
    "site/__init__.py": "",
    "shop/__init__.py": "",
    "shop/settings.py": """
        SECRET_KEY = "x"
        DEBUG = True
        ALLOWED_HOSTS = ["*"]
        INSTALLED_APPS = ["channels", "market"]
        ROOT_URLCONF = "shop.urls"
        TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
        CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
        GREETING = "hello"
    """,
    "shop/urls.py": """
        from django.urls import include, path

        urlpatterns = [path("", include("market.urls"))]
    """,
    "shop/asgi.py": """
        import os

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

        from django.core.asgi import get_asgi_application

        application = get_asgi_application()
    """,
    "shop/channels.py": """
        import os

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

        from django.core.asgi import get_asgi_application

        django = get_asgi_application()

        from channels.routing import ProtocolTypeRouter, URLRouter

        from market import routing

        application = ProtocolTypeRouter({"http": django, "websocket": URLRouter(routing.patterns)})
    """,
    "market/__init__.py": "",
    "market/urls.py": """
        from django.urls import path

        from market import views

        app_name = "market"
        urlpatterns = [path("", views.home, name="home")]
    """,
    "market/views.py": """
        from django.conf import settings
        from django.http import HttpResponse
        from django.shortcuts import render
        from django.urls import reverse


        def home(request):
            return render(request, "home.html", {"word": "one"})


        def links(request):
            return HttpResponse(settings.GREETING + " " + reverse("market:home"))
    """,
    "market/templates/home.html": "<h1>Buy {{ word }}</h1>",
    "market/routing.py": """
        from django.urls import re_path

        from market import consumers

        patterns = [re_path(r"room/(?P<room>\\w+)/$", consumers.Room.as_asgi())]
    """,
    "market/consumers.py": """
        from channels.generic.websocket import AsyncWebsocketConsumer


        class Room(AsyncWebsocketConsumer):
            async def connect(self):
                self.room = self.scope["url_route"]["kwargs"]["room"]
                await self.channel_layer.group_add(self.room, self.channel_name)
                await self.accept()

            async def receive(self, text_data):
                await self.channel_layer.group_send(self.room, {"type": "said", "text": text_data})

            async def said(self, event):
                await self.send(text_data="one " + event["text"])
    """,
}


def test_django(project: Project, live: Start) -> None:
    """Its own reloader is a restart; URLs, templates and settings are what Django keeps copies of."""
    pytest.importorskip("django")
    settings = DJANGO["shop/settings.py"].replace('"channels", ', "")
    files = {name: text for name, text in DJANGO.items() if "consumers" not in text}
    project.write({**files, "shop/settings.py": settings, "market/routing.py": ""})
    server = live("shop.asgi:application")
    assert server.get().text == "<h1>Buy one</h1>"

    body = server.swap("market/views.py", '"one"', '"two"')
    assert server.get().text == "<h1>Buy two</h1>"
    structure = server.swap(
        "market/urls.py", "[path(", '[path("links", views.links, name="links"), path('
    )
    assert server.get("/links").text == "hello /"
    moved = server.swap("market/urls.py", 'path("", views.home', 'path("home", views.home')
    assert rung(moved) == "reexec"
    assert server.get("/").status == 404
    assert server.get("/links").text == "hello /home"

    promised("Django").held(
        server, body=body, structure=structure, broken=broken(server, "market/views.py")
    )
    server.write("market/templates/home.html", "<h1>Sell {{ word }}</h1>")
    server.wait(lambda event: "home.html" in event.get("text", ""), what="the template was seen")
    assert server.get("/home").text == "<h1>Sell two</h1>"

    copied = server.swap("shop/settings.py", '"hello"', '"good morning"')
    assert rung(copied) == "exec"
    assert "settings" in copied["reason"]
    assert server.get("/links").text == "good morning /home"


def test_django_channels(project: Project, live: Start) -> None:
    pytest.importorskip("channels")
    project.write(DJANGO)
    server = live("shop.channels:application")

    with server.websocket("/room/a/") as socket:
        socket.send("x")
        assert socket.recv(timeout=server.deadline) == "one x"
        body = server.swap("market/consumers.py", '"one "', '"two "')
        socket.send("x")
        assert socket.recv(timeout=server.deadline) == "two x"
        structure = server.swap(
            "market/routing.py",
            "[re_path(",
            '[re_path(r"hall/(?P<room>\\w+)/$", consumers.Room.as_asgi()), re_path(',
        )
        with server.websocket("/hall/a/") as other:
            other.send("y")
            assert other.recv(timeout=server.deadline) == "two y"
            assert socket.recv(timeout=server.deadline) == "two y"
        row = promised("Django Channels")
        row.held(
            server, body=body, structure=structure, broken=broken(server, "market/consumers.py")
        )
        outcome = reload(server)
        row.crossed(server, kept=outcome["reload"]["kept"].get("websocket") == 1)
        socket.send("z")
        assert socket.recv(timeout=server.deadline) == "two z"


SOCKETIO = """
    import socketio
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    sio = socketio.AsyncServer(async_mode="asgi")
    names = {}


    @sio.event
    async def connect(sid, environ, auth):
        names[sid] = "guest"


    @sio.event
    async def chat(sid, text):
        return "one " + text


    async def home(request):
        return PlainTextResponse("home")


    app = socketio.ASGIApp(sio, Starlette(routes=[Route("/", home)]))
"""


def test_socketio(project: Project, live: Start) -> None:
    """Its session begins with a handshake of its own: over an exec the client begins a new one by itself."""
    socketio = pytest.importorskip("socketio")
    pytest.importorskip("websocket", reason="websocket-client")
    project.write(main=SOCKETIO)
    server = live("main:app")
    client: Any = socketio.Client(
        reconnection_delay=0.01, reconnection_delay_max=0.1, request_timeout=server.deadline
    )
    back = threading.Event()
    client.connect(server.url, transports=["websocket"], wait_timeout=server.deadline)
    client.on("connect", back.set)
    try:
        assert client.call("chat", "x", timeout=server.deadline) == "one x"
        body = server.swap("main.py", '"one "', '"two "')
        assert client.call("chat", "x", timeout=server.deadline) == "two x"
        structure = server.swap(
            "main.py",
            "async def home",
            "@sio.event\nasync def shout(sid, text):\n    return text.upper()\n\n\nasync def home",
        )
        assert client.call("shout", "x", timeout=server.deadline) == "X"
        row = promised("python-socketio")
        row.held(server, body=body, structure=structure, broken=broken(server, "main.py"))

        outcome = reload(server)

        assert outcome["reload"]["lost"] == ["1 Socket.IO session, which its client begins anew"]
        row.crossed(server, kept=False)
        assert back.wait(server.deadline)
        assert client.call("chat", "x", timeout=server.deadline) == "two x"
    finally:
        client.disconnect()


GRAPHQL = """
    import typing

    import strawberry
    from fastapi import FastAPI
    from strawberry.fastapi import GraphQLRouter


    @strawberry.type
    class Book:
        title: str


    def get_books():
        return [Book(title="Emma")]


    @strawberry.type
    class Query:
        books: typing.List[Book] = strawberry.field(resolver=get_books)

        @strawberry.field
        def hello(self, name: str = "x") -> str:
            return "one " + name


    schema = strawberry.Schema(query=Query)
    app = FastAPI()
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
"""


def test_strawberry(project: Project, live: Start) -> None:
    """Types carry a definition that names their class, and the schema is made of it once."""
    pytest.importorskip("strawberry")
    project.write(main=GRAPHQL)
    server = live("main:app")

    def query(text: str) -> Any:
        body = json.dumps({"query": text}).encode()
        answer = server.request("POST", "/graphql", body, {"content-type": "application/json"})
        return answer.json()["data"]

    assert query("{hello books{title}}") == {"hello": "one x", "books": [{"title": "Emma"}]}
    body = server.swap("main.py", '"one "', '"two "')
    assert query("{hello}") == {"hello": "two x"}
    server.swap("main.py", '"Emma"', '"Persuasion"')
    assert query("{books{title}}") == {"books": [{"title": "Persuasion"}]}
    structure = server.swap("main.py", "    title: str\n", "    title: str\n    year: int = 1817\n")
    assert query("{books{title year}}") == {"books": [{"title": "Persuasion", "year": 1817}]}
    promised("Strawberry GraphQL").held(
        server, body=body, structure=structure, broken=broken(server, "main.py")
    )


HEROES = """
    from contextlib import asynccontextmanager
    from typing import Annotated

    from fastapi import Depends, FastAPI
    from sqlmodel import Field, Session, SQLModel, create_engine, select


    class Hero(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str


    class HeroPublic(SQLModel):
        name: str


    engine = create_engine("sqlite:///heroes.db", connect_args={"check_same_thread": False})


    def get_session():
        with Session(engine) as session:
            yield session


    Database = Annotated[Session, Depends(get_session)]


    @asynccontextmanager
    async def lifespan(app):
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Hero(name="Deadpond"))
            session.commit()
        yield


    app = FastAPI(lifespan=lifespan)


    @app.get("/heroes", response_model=list[HeroPublic])
    def heroes(database: Database):
        return database.exec(select(Hero)).all()
"""


def test_sqlmodel(project: Project, live: Start) -> None:
    pytest.importorskip("sqlmodel")
    project.write(main=HEROES)
    server = live("main:app")
    assert server.get("/heroes").json() == [{"name": "Deadpond"}]

    body = server.swap("main.py", "select(Hero)", "select(Hero).where(Hero.name == 'nobody')")
    assert server.get("/heroes").json() == []
    server.swap("main.py", ".where(Hero.name == 'nobody')", "")
    structure = server.swap(
        "main.py",
        "class HeroPublic(SQLModel):\n    name: str\n",
        "class HeroPublic(SQLModel):\n    name: str\n    power: str = 'none'\n",
    )
    assert server.get("/heroes").json() == [{"name": "Deadpond", "power": "none"}]
    promised("SQLModel").held(
        server, body=body, structure=structure, broken=broken(server, "main.py")
    )


JOBS = """
    from contextlib import asynccontextmanager

    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from fastapi import FastAPI

    scheduler = AsyncIOScheduler()
    said = []
    heard = []


    @scheduler.scheduled_job("interval", seconds=0.05, id="tick")
    async def tick():
        said.append("one")
        del said[:-3]
        for future in heard:
            if not future.done():
                future.set_result(said[-1])


    @asynccontextmanager
    async def lifespan(app):
        scheduler.start()
        yield
        scheduler.shutdown()


    app = FastAPI(lifespan=lifespan)


    @app.get("/next")
    async def next_word():
        import asyncio

        heard[:] = [asyncio.get_running_loop().create_future()]
        return await heard[0]


    @app.get("/jobs")
    def jobs():
        return sorted(job.id for job in scheduler.get_jobs())
"""


def test_apscheduler(project: Project, live: Start) -> None:
    pytest.importorskip("apscheduler")
    project.write(main=JOBS)
    server = live("main:app")
    assert server.get("/next").json() == "one"

    body = server.swap("main.py", 'append("one")', 'append("two")')
    assert server.get("/next").json() == "two"
    structure = server.swap(
        "main.py",
        "@asynccontextmanager\n",
        '@scheduler.scheduled_job("interval", hours=1, id="hourly")\ndef hourly():\n    pass\n\n\n'
        "@asynccontextmanager\n",
    )
    assert server.get("/jobs").json() == ["hourly", "tick"]
    promised("APScheduler").held(
        server, body=body, structure=structure, broken=broken(server, "main.py")
    )
    changed = server.swap("main.py", "hours=1", "hours=2")
    assert changed["verdict"] == "reloaded", changed
    assert server.get("/jobs").json() == ["hourly", "tick"]
    assert server.get("/next").json() == "two"


def test_sanic_as_an_app(project: Project, live: Start) -> None:
    pytest.importorskip("sanic")
    row = promised("Sanic")
    project.write(
        main="""
            from sanic import Sanic
            from sanic.response import text

            app = Sanic("Demo")


            @app.get("/")
            async def home(request):
                return text("one")


            @app.websocket("/ws")
            async def ws(request, ws):
                while True:
                    await ws.send("heard " + await ws.recv())
        """
    )
    server = live("main:app")
    with server.websocket("/ws") as talk:
        talk.send("a")
        assert talk.recv() == "heard a"

        body = server.swap("main.py", '"one"', '"two"')
        assert server.get("/").text == "two"
        bad = broken(server, "main.py")
        structure = server.swap("main.py", '@app.get("/")', '@app.get("/b")')
        assert server.get("/b").text == "two"
        assert server.get("/").status == 404
        talk.send("b")
        assert talk.recv() == "heard b"
    row.held(server, body=body, structure=structure, broken=bad)
    row.crossed(server, kept=True)


TEXTUAL = """
    import sys

    from textual.app import App
    from textual.widgets import Static


    class Clock(App):
        def compose(self):
            yield Static("start", id="face")

        def on_mount(self):
            self.count = 0
            self.set_interval(0.02, self.tick)

        def tick(self):
            self.count += 1
            self.query_one("#face", Static).update(f"one {self.count}")
            self.tell()

        def tell(self):
            face = self.query_one("#face", Static)
            sys.__stderr__.write(f"shown: {face.content}\\n")


    if __name__ == "__main__":
        Clock().run(headless=True)
"""


def test_textual(project: Project, live: Start) -> None:
    """A program with a loop, tasks and timers of its own; the widgets live on."""
    pytest.importorskip("textual")
    project.write({"clock.py": TEXTUAL})
    server = live("clock.py", program=())
    server.wait_output("shown: one ", stream="errors")

    body = server.swap("clock.py", 'update(f"one {', 'update(f"two {')
    server.wait_output("shown: two ", stream="errors")
    structure = server.swap(
        "clock.py",
        "    def tell(self):\n",
        '    def sign(self):\n        return "!"\n\n    def tell(self):\n',
    )
    server.swap("clock.py", "{face.content}", "{face.content}{self.sign()}")
    server.wait_output("!", stream="errors")
    promised("Textual").held(
        server, body=body, structure=structure, broken=broken(server, "clock.py")
    )

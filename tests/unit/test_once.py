"""Edits of what a running program has called once, on its way to where it is: refused, or told, never passed over."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.test_swapper import Project, project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotswap.source.model import Outcome

__all__ = ["project"]

DISPATCHER = """
    class Dispatcher:
        def __init__(self):
            self.handlers = {}

        def message(self, name):
            def decorate(function):
                self.handlers[name] = function
                return function
            return decorate
"""
REGISTER = f"""{DISPATCHER}
    def register(dispatcher):
        @dispatcher.message("hello")
        def hello():
            return "hello"

    def settings():
        return {{"limit": 1}}

    LIMIT = 1

    async def main(wait):
        dispatcher = Dispatcher()
        register(dispatcher)
        found = settings(), LIMIT
        await wait()
"""
SCHEDULER = """
    import asyncio

    class Scheduler:
        def __init__(self):
            self.jobs, self.tasks = [], []

        def every(self, seconds):
            def decorate(function):
                self.jobs.append((seconds, function))
                return function
            return decorate

        def start(self):
            for seconds, function in self.jobs:
                self.tasks.append((seconds, function))

    scheduler = Scheduler()

    @scheduler.every(5)
    def tick():
        return "tick"

    JOBS = [tick]

    async def main(wait):
        scheduler.start()
        started = [job for job in JOBS]
        await wait()
"""
MADE = """
    from fastapi import FastAPI

    def make_app():
        app = FastAPI()

        @app.get("/")
        def index():
            return "index"

        return app

    async def main(wait):
        app = make_app()
        await wait()
"""
CONNECTIONS = f"""{DISPATCHER}
    def wire(connection):
        @connection.message("hello")
        def hello():
            return "hello"

    async def handle(wait):
        connection = Dispatcher()
        wire(connection)
        await wait()

    async def serve(handler, wait):
        await handler(wait)

    async def main(wait):
        await serve(handle, wait)
"""
LOOP = """
    def check():
        return sorted([2, 1])

    async def main(wait):
        check()
        while True:
            check()
            await wait()
"""


async def _while_it_waits(
    main: Callable[[Callable[[], Awaitable[Any]]], Any], save: Callable[[], Outcome]
) -> Outcome:
    """Let a program come to where it waits, and save then."""
    reached, never = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await never.wait()

    running = asyncio.ensure_future(main(wait))
    arrived = asyncio.ensure_future(reached.wait())
    await asyncio.wait({running, arrived}, return_when=asyncio.FIRST_COMPLETED)
    try:
        assert not running.done()
        return save()
    finally:
        for task in (running, arrived):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _edited(project: Project, text: str, old: str, new: str, main: str = "main") -> Outcome:
    text = textwrap.dedent(text)
    after = text.replace(old, new)
    assert after != text
    path = project.path("m")
    path.write_text(text)
    module = project.load("m")

    def save() -> Outcome:
        path.write_text(after)
        return project.swapper.apply([path])

    return asyncio.run(_while_it_waits(getattr(module, main), save))


@pytest.mark.parametrize(
    ("text", "old", "new", "why"),
    [
        (REGISTER, '"hello")', '"hi")', "register has run (main called it)"),
        (
            REGISTER,
            'return "hello"\n',
            'return "hello"\n\n    dispatcher.message("bye")(settings)\n',
            "register has run (main called it)",
        ),
        (
            REGISTER,
            "register(dispatcher)\n    found",
            "register(dispatcher)\n    dispatcher.message('x')(settings)\n    found",
            "main has passed the lines",
        ),
        (
            SCHEDULER,
            "every(5)",
            "every(7)",
            "main called Scheduler.start, which took scheduler.jobs",
        ),
        (
            SCHEDULER,
            "JOBS = ",
            "@scheduler.every(3)\ndef tock():\n    pass\n\nJOBS = ",
            "main called Scheduler.start, which took scheduler.jobs",
        ),
        (SCHEDULER, "[tick]", "[tick, Scheduler]", "main took JOBS as it was"),
        (
            MADE,
            "    return app",
            '    @app.get("/two")\n    def two():\n        return 2\n\n    return app',
            "make_app has run (main called it)",
        ),
    ],
    ids=["argument", "handler", "in main", "interval", "job", "table", "route"],
)
def test_what_a_program_registered_on_its_way_needs_a_fresh_one(
    project: Project, text: str, old: str, new: str, why: str
) -> None:
    """Nobody calls it again, so that a report that said "patched" would be untrue."""
    if text is MADE:
        pytest.importorskip("fastapi")

    outcome = _edited(project, text, old, new)

    assert (outcome.ok, outcome.rung) == (False, "exec")
    assert outcome.reason.startswith(why)


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (REGISTER, 'return "hello"', 'return "hi"', []),
        (
            REGISTER,
            '{"limit": 1}',
            '{"limit": 2}',
            ["main called settings, which changed, and has run already: r + enter runs it again"],
        ),
        (
            REGISTER,
            "LIMIT = 1",
            "LIMIT = 2",
            ["main has read LIMIT already: r + enter runs it again"],
        ),
        (
            CONNECTIONS,
            '"hello")',
            '"hi")',
            ["wire has run; what it connects now, it connects when it is called again"],
        ),
        (LOOP, "[2, 1]", "[3, 1]", []),
    ],
    ids=["body", "settings", "constant", "each connection", "called again"],
)
def test_what_else_has_run_is_told(
    project: Project, text: str, old: str, new: str, told: list[str]
) -> None:
    """Bodies that are called again follow, and nothing is said of them."""
    outcome = _edited(project, text, old, new)

    assert outcome.ok
    assert [note for note in outcome.notes if "run" in note] == told


LIFESPAN = """
    import contextlib
    from fastapi import FastAPI

    JOBS, STARTED = [], []

    def every(seconds):
        def decorate(function):
            JOBS.append((seconds, function))
            return function
        return decorate

    def start_jobs():
        STARTED.extend(JOBS)

    @every(5)
    def tick():
        pass

    @contextlib.asynccontextmanager
    async def lifespan(app):
        start_jobs()
        yield

    app = FastAPI(lifespan=lifespan)

    async def main(wait):
        async with app.router.lifespan_context(app):
            await wait()

    async def idle(wait):
        await wait()
"""


@pytest.mark.parametrize(("main", "rung"), [("main", "exec"), ("idle", "reexec")])
def test_jobs_that_start_up_took(project: Project, main: str, rung: str) -> None:
    """An app that has not started takes them when it does."""
    pytest.importorskip("fastapi")

    outcome = _edited(project, LIFESPAN, "@every(5)", "@every(7)", main)

    assert outcome.rung == rung


COG = """
    import threading

    def command(name):
        def mark(function):
            function.command = name
            return function
        return mark

    class Greeter:
        @command("hi")
        def hi(self):
            return "hi"

        def plain(self):
            return self.hi

    class Bot:
        def __init__(self):
            self.commands = {}

        def add(self, cog):
            for name in dir(cog):
                method = getattr(cog, name)
                if hasattr(method, "command"):
                    self.commands[method.command] = method

    JOBS = []

    def job(seconds):
        def take(function):
            JOBS.append((seconds, function))
            return function
        return take

    @job(1)
    def tick():
        pass

    def workers():
        return [threading.Thread(target=print, args=(function,)) for _, function in JOBS]
"""


@pytest.mark.parametrize(
    ("old", "new", "rung"),
    [
        ('@command("hi")', '@command("hey")', "exec"),
        ("    def plain", '    @command("bye")\n    def plain', "exec"),
        ('return "hi"', 'return "hey"', "patch"),
        ("def plain(self):", "def plain(self, loud=False):", "reexec"),
    ],
    ids=["mark", "marked", "body", "signature"],
)
@pytest.mark.parametrize("added", [True, False])
def test_marked_methods_that_somebody_has_looked_for(
    project: Project, old: str, new: str, rung: str, added: bool
) -> None:
    """What collected them by their marks does not look again; before it has, there is nothing to say."""
    text = textwrap.dedent(COG)
    path = project.path("m")
    path.write_text(text)
    module = project.load("m")
    bot = module.Bot()
    if added:
        bot.add(module.Greeter())

    path.write_text(text.replace(old, new))
    outcome = project.swapper.apply([path])

    assert outcome.rung == (rung if added or rung != "exec" else "reexec")


@pytest.mark.parametrize("started", [True, False])
def test_jobs_that_threads_hold_are_told(project: Project, started: bool) -> None:
    """Nobody can tell who has made the threads: the report names the list."""
    text = textwrap.dedent(COG)
    path = project.path("m")
    path.write_text(text)
    module = project.load("m")
    threads = module.workers() if started else []

    path.write_text(f"{text}\n@job(2)\ndef tock():\n    pass\n")
    outcome = project.swapper.apply([path])

    told = ["JOBS changed after a Thread took tick from it: r + enter starts over"]
    assert list(outcome.notes) == (told if threads else [])


def test_what_an_instance_keeps_is_told(project: Project) -> None:
    """Instances are state: a table that `__init__` makes otherwise now is the one that was made."""
    path = project.path("m")
    text = "class Server:\n    def __init__(self):\n        self.table = dict(a=1)\n"
    path.write_text(text)
    held = project.load("m").Server()

    path.write_text(text.replace("a=1", "a=1, b=2"))
    outcome = project.swapper.apply([path])

    assert held.table == {"a": 1}
    assert list(outcome.notes) == ["1 live Server keeps .table as it was made"]


@pytest.mark.parametrize("times", [0, 1])
def test_a_set_up_that_somebody_called(project: Project, times: int) -> None:
    """Its handlers live, so it has run; before that nothing is known of a call."""
    text = textwrap.dedent(REGISTER)
    path = project.path("m")
    path.write_text(text)
    module = project.load("m")
    held = [module.Dispatcher() for _ in range(times)]
    for dispatcher in held:
        module.register(dispatcher)

    path.write_text(text.replace('"hello")', '"hi")'))
    outcome = project.swapper.apply([path])

    assert outcome.rung == ("exec" if times else "patch")

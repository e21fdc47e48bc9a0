"""Runs a target under a session: an ASGI app with uvicorn in this process, or a program as ``__main__``."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from hotswap.console import Console
from hotswap.options import UsageError, load
from hotswap.ports import BindError
from hotswap.session import ReloadPlan, Session, interest, service
from hotswap.session.pages import open_browser
from hotswap.source.model import Fault
from hotswap.target import AppFailed, as_program, find_app, is_app, is_wsgi, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    from hotswap.options import Options
    from hotswap.server import Serving
    from hotswap.target import Found, Target

FAILED: Final = 1
CANNOT_BIND: Final = 3
"""Exit codes: the app did not start; another process has its address."""
MOMENT: Final = 1.0
"""Seconds that the app's other threads get to end once the server has stopped."""


class Stopped(KeyboardInterrupt):
    """Ctrl+C or SIGTERM came before the app served."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def run(options: Options, given: str, arguments: Sequence[str], manifest: Any = None) -> int:
    """Run a target; give the exit code, or minus the number of the signal that ended it.

    Args:
        options: As merged by `hotswap.options.load`.
        given: TARGET.
        arguments: For the program, when the target is one.
        manifest: What the previous process image carried.

    Raises:
        UsageError: There is nothing such to run.
    """
    if not given:
        raise UsageError(
            'what to run? Give a TARGET, or set app = "main:app" under [tool.hotswap] in pyproject.toml'
        )
    if manifest is None:
        _check_directories(options)
    console = Console(
        json=options.json, verbosity=options.verbosity, root=os.getcwd(), clear=options.clear
    )
    target = resolve(given, app_dir=options.app_dir, factory=options.factory)
    if arguments and target.kind == "asgi":
        program = as_program(target)
        if program is None:
            raise UsageError(f"{given} is an ASGI app, it takes no arguments: {arguments[0]}")
        target = program
    if target.kind == "asgi":
        try:
            return AppLife(options, target, console, manifest).run()
        except BindError as error:
            console.fault(
                Fault(code="HS604", title="cannot bind", message=str(error)),
                headline=f"{given} cannot be served",
            )
            return CANNOT_BIND
        except NoAppError as found:
            target = found.program
    from hotswap.program import run_program

    return run_program(options, target, arguments, console, manifest)


def _check_directories(options: Options) -> None:
    """See whether the directories that were named are there: a misspelt one would watch nothing, without a word.

    Raises:
        UsageError: One is not.
    """
    for flag, names in (("--app-dir", [options.app_dir]), ("--reload-dir", options.reload_dir)):
        for name in names:
            if name and not os.path.isdir(name):
                raise UsageError(f"{flag} {name}: there is no such directory")


def serve_target(given: str, options: Mapping[str, Any]) -> int:
    """``hotswap.serve(target, **options)``: the command, from Python. Blocks until the server stops.

    A signal that ended it is raised again, as ``uvicorn.run`` does: Ctrl+C comes out as KeyboardInterrupt.

    Raises:
        UsageError: An option is unknown or has a wrong value.
    """
    from hotswap.handover import carrier

    manifest = carrier.awake()
    listed = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    code = run(load(listed), given, (), manifest)
    if code < 0:
        signal.raise_signal(-code)
    return abs(code)


class NoAppError(Exception):
    """What read like an app is a program."""

    def __init__(self, program: Target) -> None:
        super().__init__(program.given)
        self.program = program


class Door:
    """Calls the app that stands behind it now."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Call it."""
        await self.app(scope, receive, send)


def _share(old: object, new: object) -> bool:
    """Say whether two apps wrap one and the same framework's app, whose start-up then counts for both."""
    from hotswap.live.factories import Factories

    within = Factories({}, {}, {}).held
    hearts = {id(registry) for _, registry in within(old).values()}
    return any(id(registry) in hearts for _, registry in within(new).values())


def _kept(options: Options) -> bool:
    """Say whether the TLS keeper of this command waits, since a crash: then it has the address, and gives it back."""
    if not options.ssl_certfile or not options.tls_keeper:
        return False
    from hotswap.wire.keeping import control_path

    return os.path.exists(control_path())


class AppLife:
    """An ASGI app's life in this process image."""

    def __init__(self, options: Options, target: Target, console: Console, manifest: Any) -> None:
        from hotswap import server

        self._given = service.given() if manifest is None else ()
        if manifest is None and not self._given and not _kept(options):
            server.ensure_free(options)
        self.options = options
        self.target = target
        self.console = console
        self.manifest = manifest
        self.serving: Serving | None = None
        self.ended_by = 0
        self._stop: Callable[[], None] | None = None
        self._door: Any = None
        """What calls the app, at its attribute ``app``."""
        if sys.path[:1] != [target.import_root]:
            sys.path.insert(0, target.import_root)
        roots = (os.getcwd(), target.import_root, *options.reload_dir)
        self.session = Session(options, console, given=target.given, roots=roots, manifest=manifest)
        self.session.hand(self._given)

    def run(self) -> int:
        """Live; give the exit code, or minus the signal.

        Raises:
            BindError: The address cannot be bound.
            NoAppError: There is no app, but a program.
        """
        from hotswap.server import loop_factory

        factory = loop_factory(self.options.loop)
        before = self._take_signals()
        loop = factory() if factory is not None else asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            code = loop.run_until_complete(self._live())
        except Stopped as stopped:
            code = -stopped.number
        except AppFailed as failed:
            code = self._failed(failed.fault)
        finally:
            self.session.close()
            _close(loop)
            for number, handler in before.items():
                signal.signal(number, handler)
        self.console.stopped(code=code)
        _leave_threads(code)
        return code

    async def _live(self) -> int:
        from hotswap.server import Serving, StartFailed, configure, hush_adoption

        found = self._load()
        session = self.session
        session.imported()
        app = self._wrapped(found)
        self.serving = serving = Serving(
            configure(self.options, app), quiet=self.options.verbosity < 1
        )
        serving.close_all = session.registry.close_all
        session.registry.arrivals.starting = True
        session.plan = ReloadPlan(
            name=found.name,
            preflight=lambda: self._preflight(found),
            apps=lambda: (self._door.app if self._door is not None else found.app,),
            rebound=lambda: self._rebound(found),
            shutdown=serving.close_app,
            startup=serving.open_app,
        )
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.call_soon_threadsafe(stop.set)

        self._stop = end
        if self.ended_by:  # asked before, where an exception is swallowed: in a __del__, say
            end()
        if self.manifest is not None:
            session.reloading.on_settled = hush_adoption()
        starting = asyncio.ensure_future(serving.start(session.sockets(self._given)))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting}, timeout=MOMENT)
            return -self.ended_by
        try:
            starting.result()
        except StartFailed as failed:
            raise AppFailed(failed.fault) from None
        session.begin(serving.urls(), stop=stop.set)
        await serving.wait(stop)
        session.close()
        await serving.end()
        return -self.ended_by

    def _load(self) -> Found:
        """Import the app, with the environment file's values in place.

        Raises:
            AppFailed: It raised, or there is none.
            NoAppError: There is none, but the target may be a program.
        """
        if self.options.env_file:
            fault = self.session.env.load(os.path.abspath(self.options.env_file))
            if fault is not None:
                raise AppFailed(fault)
        self.session.migrate()
        try:
            found = find_app(self.target, factory=self.options.factory)
        except AppFailed as failed:
            program = as_program(self.target) if failed.cause is None else None
            if program is not None:
                raise NoAppError(program) from None
            raise
        self.session.swapper.tracker.needed.add(found.module)
        if found.made:
            from hotswap.live import factories

            factories.register(found.app, found.name)
        return found

    def _wrapped(self, found: Found) -> Any:
        """Put the browser's side around the app; `_door` is what holds the app itself."""
        app = found.app
        if is_wsgi(app) or self.options.interface == "wsgi":
            from uvicorn.middleware.wsgi import WSGIMiddleware  # type: ignore[attr-defined]

            self._door = app = WSGIMiddleware(app)
        if not self.options.browser or self.options.interface == "asgi2":
            if self._door is None and self.options.interface in {"auto", "asgi3"} and is_app(app):
                self._door = app = Door(app)
            return app
        wrapped = open_browser(self.session).wrap(app)
        if self._door is None:
            self._door = wrapped
        return wrapped

    def _rebound(self, found: Found) -> str:
        """Serve what the target names now; give why that needs a fresh process, ``""`` when it does not.

        Frameworks' own apps keep their identity. One that only wraps them, or that nobody knows, is made anew when its
        statement runs again, and the server would go on calling the old one.
        """
        door = self._door
        if found.made or door is None:
            return ""
        value: Any = sys.modules.get(found.module)
        for part in found.attribute.split("."):
            value = getattr(value, part, None)
        if value is door.app or not callable(value):
            return ""
        if self.serving is not None and self.serving.app_started and not _share(door.app, value):
            return f"{found.name} was made anew, and its start-up ran for the old one"
        door.app = value
        return ""

    def _preflight(self, found: Found) -> Any:
        from hotswap.handover import Preflight

        return Preflight(
            target=found.name,
            factory=found.made,
            paths=list(sys.path),
            script=False,
        )

    def _failed(self, fault: Fault) -> int:
        """Tell why the app did not start. A carried image does not give up: it parks, and holds the connections."""
        if self.manifest is not None:
            from hotswap import handover

            files = interest.files(self.session)
            handover.park(self.manifest, fault, files=files, on_progress=self.console.say)
        self.console.fault(fault, headline=f"{self.target.given} did not start")
        return FAILED

    def _take_signals(self) -> dict[int, Any]:
        """Stop at once on Ctrl+C and SIGTERM, whatever is going on; a second one does not wait for anything."""
        if threading.current_thread() is not threading.main_thread():
            return {}
        numbers = [signal.SIGINT, signal.SIGTERM]
        return {number: signal.signal(number, self._signalled) for number in numbers}

    def _signalled(self, number: int, _: FrameType | None) -> None:
        if self.ended_by:
            self.session.desk.restore_terminal()
            os._exit(128 + number)
        self.ended_by = number
        self.session.reloading.give_up()
        if self._stop is None:
            raise Stopped(number)
        self._stop()


def last_moment() -> None:
    """Give other threads a moment, run the exit hooks, flush: what a plain exit does, without its endless join."""
    deadline = time.monotonic() + MOMENT
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def _leave_threads(code: int) -> None:
    """End the process here when threads of the app would keep it from ending: a stopped server is stopped."""
    others = [
        thread
        for thread in threading.enumerate()
        if thread is not threading.current_thread() and not thread.daemon
    ]
    if code >= 0 and others and threading.current_thread() is threading.main_thread():
        last_moment()
        if any(thread.is_alive() for thread in others):
            os._exit(code)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs on the loop and close it; nothing that ignores its cancellation is waited for."""
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=MOMENT))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()

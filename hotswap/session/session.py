"""Joins the rooms: a save goes from the watcher through the swapper to everybody who wants to know.

::

    watcher's thread   wake ──> QuietPoint.soon
    quiet point        take ──> Saving: environment, hooks, Swapper.apply ──> Outcome ──> report: console, log, pages
                                                              └─ needs exec ──> Reloading: leave, or stay and say why

One `Session` lives in one process image. What outlives the image is in `carry`.
"""

from __future__ import annotations

import dataclasses
import os
import time
from typing import TYPE_CHECKING, Any, Final

from hotswap import hooks, tracebacks
from hotswap.data import settings
from hotswap.data.environment import Layer, is_dotenv
from hotswap.session import arriving, interest, pages, reporting, signals, telling, warming
from hotswap.session.desk import Desk
from hotswap.session.quiet import QuietPoint
from hotswap.session.reloading import Reloading, ReloadPlan
from hotswap.session.saving import Saving
from hotswap.session.service import Service
from hotswap.session.watching import Watching
from hotswap.session.withheld import Withheld
from hotswap.swapper import Swapper

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import ModuleType

    from hotswap.console import Console
    from hotswap.options import Options
    from hotswap.session.migrating import Migrating
    from hotswap.session.neighbours import Neighbours
    from hotswap.session.revising import Revising
    from hotswap.source.model import Outcome
    from hotswap.web.browser import Browser

PATIENCE: Final = 1.0
"""Seconds that the end of the program waits for a report that is under way."""
SETTLE_IN: Final = 0.01
"""Seconds after the server is up until the rest is set up."""
LOGS_OF_SERVERS: Final = ("asyncio", "uvicorn.error")
"""Where exceptions of handlers are logged that came through our own frames."""
KEEPER_PATIENCE: Final = 30.0
"""Seconds for which the TLS keeper waits for a server that has gone to come back."""


class Session:
    """One life of a program under hotswap, from start or exec to the next exec or the end.

    Args:
        options: As merged by `hotswap.options.load`.
        console: Where to tell.
        given: TARGET as the user wrote it.
        roots: Directories below which imported modules are tracked.
        manifest: What the previous image carried; None on an ordinary start.
    """

    def __init__(
        self,
        options: Options,
        console: Console,
        *,
        given: str,
        roots: Sequence[str],
        manifest: Any = None,
    ) -> None:
        from hotswap import handover, wire

        self.began = time.perf_counter()
        self._born = time.time()
        self.image = f"{os.getpid()}-{time.monotonic_ns()}"
        """Tells this process image from the next one."""
        self.options = options
        self.console = console
        self.given = given
        self.manifest = manifest
        self.roots = tuple(dict.fromkeys(os.path.abspath(root) for root in roots))
        carried: Mapping[str, Any] = {}
        if manifest is not None:
            carried = manifest.extras.get("session") or {}
            hooks.runtime.generation = manifest.generation
        self.quiet = QuietPoint()
        self.quiet.install()
        self.quiet.on_loop = self._loop_began
        self.quiet.on_error = lambda error: reporting.own_mistake(self, error)
        self.env = Layer()
        self.env.adopt(carried.get("env") or {})
        self.saving = Saving(self)
        self.reloading = Reloading(self, carried)
        self.registry = wire.install(
            manifest,
            on_settled=self.reloading.settled,
            keeper=KEEPER_PATIENCE if options.tls_keeper else None,
        )
        self.state = handover.State(self.registry)
        self.swapper = Swapper(self.roots, pin=options.pin, live_loops=options.live_loops)
        self.swapper.about_to_set = self.state.set_anew.watch
        self.swapper.tracker.variable_before = self.env.before_program
        self.apply_options()
        self.browser: Browser | None = None
        self.withheld = Withheld(
            self.quiet,
            pending=lambda: self.swapper.pending,
            tell=lambda outcome: reporting.conclude(self, outcome),
        )
        self.desk = Desk(self)
        self.service = Service()
        self.handed: tuple[str, ...] = tuple(carried.get("given") or ())
        """Keys of the listening sockets that the program was started with: systemd's."""
        self.migrating: Migrating | Revising | None = None
        self.plan: ReloadPlan | None = None
        self.stop: Callable[[], None] | None = None
        self.urls: tuple[str, ...] = ()
        self.history: list[Outcome] = []
        self.watching = Watching(
            self.quiet, console, save=self.save, busy=lambda: self.reloading.under_way
        )
        self.watching.paused = bool(carried.get("paused"))
        self.templates = 0
        """Files of templates that the app's frameworks find."""
        self.template_folders: tuple[str, ...] = ()
        self._began = self._closed = self._restored = False
        self._neighbours: Neighbours | None = None
        hooks.runtime.ask_reload = self.reloading.ask
        self.swapper.tracker.on_import = self._imported

    # -- facts -----------------------------------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """The project's directory."""
        return self.options.root or os.getcwd()

    @property
    def target(self) -> str:
        """What runs: ``demo_server.main:app``, or TARGET as it was given while nothing is imported."""
        return self.plan.name if self.plan else self.given

    @property
    def config(self) -> str:
        """The pyproject.toml that was read, or would be."""
        return os.path.join(self.root, "pyproject.toml")

    def short(self, path: str) -> str:
        """Give a path as reports show it: relative to the project where that is shorter."""
        relative = os.path.relpath(path, self.root)
        return path if relative.startswith(os.pardir) else relative

    def modules(self) -> list[ModuleType]:
        """Give the tracked modules, in import order."""
        return [entry.module for entry in list(self.swapper.tracker.loaded.values())]

    def migrate(self) -> None:
        """Bring the schema up to date before the app is imported, when the options name one."""
        if not self.options.migrations:
            return
        from hotswap.session.migrating import follower

        self.migrating = follower(self, self.options.migrations)
        fault = self.migrating.follow()
        if fault is not None:
            self.console.fault(fault, headline="the schema is not up to date")

    # -- starting --------------------------------------------------------------------------------------------------

    def imported(self) -> None:
        """The app is imported: note what its values were made of, and put back what the last image carried.

        A program counts as imported when all but its run is done (`hotswap.program.parts_of`), at the latest when its
        first loop begins to run.
        """
        if self._restored:
            return
        self._restored = True
        arriving.restore(self)

    def _imported(self, module: ModuleType | None) -> None:
        """Watch a file; of a plug-in, or an import in a function, its state counts from now on, too."""
        if self._restored and module is not None:
            self.state.joined(module, self.modules())
        if self.watching.watcher is not None:
            self.quiet.soon(self.refresh_watch)

    def hand(self, given: Sequence[socket.socket]) -> None:
        """Take note of the listening sockets that the program was started with; those of the first start."""
        from hotswap.wire.bound import key_of

        if given:
            self.handed = tuple(key_of(each) for each in given)

    def sockets(self, given: Sequence[socket.socket]) -> list[socket.socket] | None:
        """Give the listening sockets to serve on instead of an address of our own; None: there are none.

        Args:
            given: Those of the first start. Later ones were carried.
        """
        if given:
            return list(given)
        found = [each for key in self.handed for each in self.registry.arrivals.inherited(key)]
        self.registry.arrivals.keep("listener", len(found))
        for each in found:
            each.setblocking(False)
        return found or None

    def begin(self, urls: Sequence[str], *, stop: Callable[[], None] | None) -> None:
        """The program runs: watch, listen to signals and keys, and tell.

        Args:
            urls: Where it serves.
            stop: Ends a server; None when the program ends by itself.
        """
        from hotswap.handover import carrier

        self._began = True
        self.stop = stop
        self.urls = tuple(urls)
        signals.listen(self.reloading.ask)
        carrier.unblock()
        pages.serve_files(self)
        tracebacks.leave_out_of(*LOGS_OF_SERVERS)
        loop = self.quiet.loop
        if loop is None:
            self._settle_in()
        else:  # the first requests are answered before the rest is set up
            self.registry.arrivals.started(loop)
            self.desk.join(loop)
            loop.call_later(SETTLE_IN, self._settle_in)

    def _settle_in(self) -> None:
        """Watch and tell; nothing here must delay the first answer."""
        if self._closed:
            return
        if self.options.watch:
            self._watch()
            self._catch_up()
        self._announce()
        self.service.ready(f"generation {self.swapper.generation}")
        self.service.deposit(self.registry.listeners())
        warming.begin(self)

    def _catch_up(self) -> None:
        """Swap in what was saved after it had been imported and before it was watched, and tell the pages."""
        missed = self.browser.missed() if self.browser is not None else ()
        if self.browser is not None and missed:
            self.browser.files(missed)
        early = [path for path in interest.files(self) if _changed_since(path, self._born)]
        if early:
            self.save(early)

    def _announce(self) -> None:
        """Tell that the program runs: the start line, or nothing but the event when it resumed."""
        neighbours = self.neighbours()
        if neighbours is None or neighbours.speaks or self.manifest is not None:
            self.console.started(telling.started(self))
        else:
            self.console.say(f"pid {os.getpid()} serves {'  '.join(self.urls)}, too")
        if self.options.open and self.urls and self.manifest is None:
            self.desk.open_url()

    def _loop_began(self, loop: asyncio.AbstractEventLoop) -> None:
        """A program began to run a loop: keys and questions are answered on it, and its state is what it was."""
        if self._began and loop is self.quiet.loop:
            loop.call_soon(self.desk.join, loop)
        if not self._began or self.plan is None or not self.plan.program:
            return
        try:
            if not self._restored:
                self.imported()
            self.registry.arrivals.expect(loop)
        except Exception as error:  # noqa: BLE001 -- called by the program's own asyncio.run()
            reporting.own_mistake(self, error)

    def neighbours(self) -> Neighbours | None:
        """Give the company of the sessions that serve the same socket; None where there can be none.

        Machines read each process for itself.
        """
        loop = self.quiet.loop
        if (
            self._neighbours is None
            and loop is not None
            and not self._closed
            and not self.options.json
        ):
            self._neighbours = reporting.company(self, loop)
        return self._neighbours

    # -- watching --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        watcher = self.watching.open(self.options.poll)
        self.refresh_watch()
        watcher.start()
        self.quiet.soon(self.watching.take)

    def refresh_watch(self) -> None:
        """Watch what is of interest now; after every swap and late import."""
        watcher = self.watching.watcher
        if watcher is None:
            return
        files = interest.files(self)
        self.saving.noted(files)
        read = {path for path in self.swapper.data_files() if is_dotenv(path)}
        self.env.note(sorted(read | settings.env_files()))
        watcher.watch(
            files,
            includes=(*self.options.reload_include, *interest.globs(self)),
            excludes=self.options.reload_exclude,
            roots=self.roots,
        )

    def save(self, files: Iterable[str]) -> None:
        """Swap a batch of saved files in, and let pages take theirs. At a quiet point only."""
        batch = [path for path in dict.fromkeys(files) if path != self.config]
        if self.config in files:
            from hotswap.session import configure

            configure.follow(self)
        if any(not path.endswith(".py") for path in batch):
            self._forget_cached(batch)
        taken = set(self.browser.files(batch)) if self.browser is not None else set()
        read = self.swapper.data_files()  # a page's file may be one that the code has read, too
        rest = [path for path in batch if path not in taken or os.path.realpath(path) in read]
        outcome = self.saving.save(rest) if rest else None
        if outcome is not None:
            self.withheld.take(outcome)
        self.refresh_watch()

    def _forget_cached(self, batch: Sequence[str]) -> None:
        """Let frameworks drop what they cached of templates, before pages ask for them."""
        from hotswap.live import adapters

        for adapter in adapters.active():
            adapter.saved(batch)

    def undo(self) -> None:
        """Go back to the previous source in memory; the files stay as they are, and the report says so."""
        outcome = self.swapper.undo()
        if not outcome.files and outcome.fault is None:
            self.console.say("nothing to undo")
            return
        note = (
            "the previous source runs; the files on disk are newer: save them to go forward again"
        )
        if outcome.ok and outcome.files:
            outcome = dataclasses.replace(outcome, notes=(*outcome.notes, note))
        reporting.conclude(self, outcome)
        self.refresh_watch()

    # -- options ---------------------------------------------------------------------------------------------------

    def apply_options(self) -> None:
        """Hand the options that may change at any time to the rooms that use them."""
        self.swapper.pin = frozenset(self.options.pin)
        never = self.options.reenter == "never"
        self.swapper.reenter = None if never else self._reenter
        self.console.verbosity = self.options.verbosity

    def _reenter(self, suspended: Any) -> bool:
        return bool(self.registry.reenter(suspended.owner))

    # -- ending ----------------------------------------------------------------------------------------------------

    def carry(self) -> dict[str, Any]:
        """Give what the next image must know."""
        return {"env": self.env.carry(), "paused": self.watching.paused, "given": self.handed}

    def close(self) -> None:
        """Stop watching, reading and answering, and leave no more by exec. Idempotent."""
        self.reloading.give_up()
        if self._began and not self._closed:
            self.service.stopping()
            self.quiet.finish(PATIENCE)
        self.withheld.release()
        self._closed = True
        if self._neighbours is not None:
            self._neighbours.close()
            self._neighbours = None
        self.desk.close()
        self.watching.close()
        self.quiet.on_loop = None
        self.quiet.uninstall()
        self.swapper.close()
        hooks.runtime.ask_reload = None


def _changed_since(path: str, moment: float) -> bool:
    try:
        return os.stat(path).st_mtime >= moment
    except OSError:
        return False

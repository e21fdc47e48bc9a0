"""Joins the rooms: a save goes from the watcher through the swapper to everybody who wants to know.

::

    watcher's thread: wake ──> QuietPoint.soon
    quiet point:      take ─> save ─> browser's files, hooks, swapper.apply ─> Outcome ─> report
                                                                        └─> exec? leave

One `Session` lives in one process image. What outlives the image is in `Session.carry`.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from hotswap import files as data_files
from hotswap import hooks
from hotswap.data.dotenv import Layer, is_dotenv
from hotswap.quiet import QuietPoint
from hotswap.source.model import Change, Outcome, Reload
from hotswap.swapper import Swapper

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
    from types import ModuleType

    from hotswap.console import Console
    from hotswap.options import Options
    from hotswap.source.model import Fault
    from hotswap.web.browser import Browser

log = logging.getLogger("hotswap.swap")

KEPT: Final = 200
"""Outcomes that the session remembers for the `s` key and the status page."""


class Session:
    """One life of a program under hotswap, from start or exec to the next exec or the end.

    Args:
        options: As merged by `hotswap.options.load`.
        manifest: What the previous image carried; None on an ordinary start.
        given: TARGET as the user wrote it.
        roots: Directories below which imported modules are tracked.
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
        self.options = options
        self.given = given
        self.manifest = manifest
        self.roots = tuple(dict.fromkeys(os.path.abspath(root) for root in roots))
        self.quiet = QuietPoint()
        self.quiet.install()
        self.console = console
        self.registry = wire.install(manifest, on_settled=self._settled)
        self.state = handover.State(self.registry)
        self.swapper = Swapper(self.roots, pin=options.pin, live_loops=options.live_loops)
        if options.reenter == "when needed":
            self.swapper.reenter = self._reenter
        self.env = Layer()
        self.browser: Browser | None = None
        self.watcher: Any = None
        self.keys: Any = None
        self.started = False
        self.paused = False
        self.stop: Callable[[], None] | None = None
        self.urls: tuple[str, ...] = ()
        self.history: list[Outcome] = []
        self.on_reloaded: list[Callable[[Outcome], object]] = []
        """Called with the outcome of each attempt to reload that ended in this image."""
        self.plan: ReloadPlan | None = None
        self._late: set[str] = set()
        self._leaving = False
        self._task: Any = None
        self._watched: frozenset[str] = frozenset()
        self._carried: Mapping[str, Any] = {}
        hooks.runtime.ask_reload = self.ask_reload
        if manifest is not None:
            self._carried = manifest.extras.get("session") or {}
            hooks.runtime.generation = manifest.generation
            self.env.adopt(self._carried.get("env") or {})

    # -- starting --------------------------------------------------------------------------------------------------

    def open_browser(self) -> Browser:
        """Make the browser's side, with what the last image carried of it."""
        from hotswap.web.browser import Browser

        options = self.options
        self.browser = Browser(
            root=self.root,
            editor=options.editor,
            on_patch=options.on_patch,
            cache_paths=options.cache,
            allowed_hosts=options.allowed_hosts,
            allow_remote=options.allow_remote,
            ask_reload=self.ask_reload,
            status=self.status,
            say=self.console.say,
        )
        refused = self.browser.bound(
            None if options.uds or options.fd is not None else options.host
        )
        if refused:
            self.console.say(refused, level="warning")
        carried = self.manifest.extras.get("web") if self.manifest is not None else None
        if carried:
            self.browser.adopt(carried)
        return self.browser

    def begin(self, urls: Sequence[str], *, stop: Callable[[], None] | None) -> None:
        """The program runs: watch, listen to signals and keys, and tell.

        Args:
            urls: Where it serves.
            stop: Ends a server; None when the program ends by itself.
        """
        from hotswap.handover import carrier

        self.stop = stop
        self.env.note(path for path in self.swapper.data_files() if is_dotenv(path))
        self._watch()
        self._listen()
        carrier.unblock()
        self._serve_files()
        self._announce(urls)
        threading.Thread(target=_warm, name="hotswap: warm", daemon=True).start()

    def status(self) -> Mapping[str, object]:
        """Tell how things stand: for the status page and ``--status``."""
        from hotswap import __version__

        last = next((one for one in reversed(self.history) if one.ok), None)
        return {
            "target": self.plan.name if self.plan else self.given,
            "version": __version__,
            "pid": os.getpid(),
            "urls": list(self.urls),
            "generation": self.swapper.generation,
            "connections": self.registry.counts(),
            "stale": [dataclasses.asdict(stale) for stale in last.stale] if last else [],
            "pending": sorted(self.swapper.pending),
        }

    def _watch(self) -> None:
        """Begin to watch; refreshed after every swap and late import."""
        if not self.options.watch:
            return
        from hotswap.watch import Watcher

        self.watcher = Watcher(wake=self._wake, poll=self.options.poll)
        self._refresh_watch()
        self.watcher.start()
        self.swapper.tracker.on_import = self._imported

    def modules(self) -> list[ModuleType]:
        """Give the tracked modules, in import order."""
        return [entry.module for entry in list(self.swapper.tracker.loaded.values())]

    def wake(self) -> None:
        """After the import: note what the values are made of, put back what the last image carried."""
        self.state.remember(self.modules())
        for note in self.state.restore(self.manifest, self.modules()):
            self.console.say(note)

    def _announce(self, urls: Sequence[str]) -> None:
        """Tell that the program runs: the start line, or nothing but the event when it resumed."""
        self.started = True
        self.urls = tuple(urls)
        from hotswap import __version__

        self.console.started(
            {
                "version": __version__,
                "target": self.plan.name if self.plan else self.given,
                "urls": list(urls),
                "pid": os.getpid(),
                "generation": self.swapper.generation,
                "modules": len(self.swapper.tracked()),
                "templates": 0,
                "data_files": len(self.swapper.data_files()),
                "watching": list(self.watcher.directories) if self.watcher else [],
                "polling": self.watcher.polling if self.watcher else "",
                "tips": self._tips(),
                "resumed": self.manifest is not None,
                "ms": (time.perf_counter() - self.began) * 1000,
            }
        )

    def _tips(self) -> list[str]:
        """Give what to try, from the numbered list in the docstring of the target's package."""
        name = (self.plan.name if self.plan else "").partition(":")[0].partition(".")[0]
        text = getattr(sys.modules.get(name), "__doc__", None) or ""
        items = (re.match(r"\s*\d\.\s+(.*)", one) for one in text.splitlines())
        return [item[1] for item in items if item]

    # -- one save --------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """On the watcher's thread."""
        self.quiet.soon(self._take)

    def _imported(self) -> None:
        """A tracked module was imported late, on whatever thread."""
        self.quiet.soon(self._refresh_watch)

    def _take(self) -> None:
        if self.watcher is None:
            return
        settled = self.watcher.take()
        for problem in settled.problems:
            self.console.fault(problem, headline="not watched")
        if settled.files and not self.paused:
            self.save(settled.files)
        elif settled.files:
            self._late.update(settled.files)
        if settled.again is not None:
            self.quiet.later(settled.again, self._take)

    def save(self, files: Iterable[str]) -> Outcome | None:
        """Swap a batch of saved files; at a quiet point only. None when a reload is under way: it takes them along."""
        if self._leaving:
            self._late.update(files)
            return None
        batch = tuple(dict.fromkeys(files))
        if not batch:
            return None
        self._configure(batch)
        taken = set(self.browser.files(batch)) if self.browser is not None else set()
        rest = [path for path in batch if path not in taken]
        outcome = self._swap(rest) if rest else None
        self._refresh_watch()
        return outcome

    def _swap(self, files: Sequence[str]) -> Outcome | None:
        """Environment first, then hooks and code; all or nothing."""
        known = self.swapper.tracked() | self.swapper.data_files() | self.swapper.pending
        listened = [path for path in files if data_files.listeners(path, self.root)]
        code = [path for path in files if path in known or path.endswith(".py")]
        env = [path for path in files if self._is_env(path)]
        for path in files:
            if path not in known and path not in env and path not in listened:
                why = self.swapper.why_untracked(path)
                self.console.say(f"{self.short(path)} is not tracked: {why}", level="debug")
        undo: list[Callable[[], None]] = []
        fault: Fault | None = None
        for path in env:
            fault = fault or self.env.follow(path, undo)
        if fault is None and listened:
            fault = data_files.call(listened, self.root, self._hook_failed)
        if fault is not None:
            outcome = Outcome(
                ok=False,
                rung=None,
                files=tuple(files),
                fault=fault,
                generation=self.swapper.generation,
                pending=tuple(sorted(self.swapper.pending)),
            )
        else:
            batch = [*code, *(path for path in env if path not in code and path in known)]
            if not batch and not env and not listened:
                return None
            outcome = self.swapper.apply(batch) if batch else self._followed(files)
        if outcome.fault is not None:
            for action in reversed(undo):
                action()
        self._conclude(outcome)
        return outcome

    def _followed(self, files: Sequence[str]) -> Outcome:
        """Only data changed: no module had to run again."""
        return Outcome(
            ok=True,
            rung="reexec",
            files=tuple(files),
            generation=self.swapper.generation,
            pending=tuple(sorted(self.swapper.pending)),
        )

    def _conclude(self, outcome: Outcome) -> None:
        """Remember what the statements of a swap bound, report, and climb to exec when that is the verdict."""
        if outcome.ok and outcome.rung in {"patch", "reexec"}:
            self._remember(outcome)
        needs_exec = not outcome.ok and outcome.fault is None and outcome.rung == "exec"
        if needs_exec and self.options.exec == "auto" and self.plan is not None:
            self.ask_reload(outcome.reason, outcome=outcome)
            return
        self.report(outcome)
        if needs_exec and self.options.exec == "ask":
            self._say_how_long()

    def _remember(self, outcome: Outcome) -> None:
        """Tell the state which names new statements bound: they are written values now, not gathered ones."""
        loaded = {entry.path: entry for entry in self.swapper.tracker.loaded.values()}
        names: dict[str, list[str]] = {}
        for change in outcome.changes:
            entry = loaded.get(change.path)
            if entry is None or change.what in {"body", "docstring", "moved"}:
                continue
            for name in change.name.replace(",", " ").split():
                if name in entry.names:
                    names.setdefault(entry.name, []).append(name)
        if names:
            self.state.remember(self.modules(), names=names)

    def report(self, outcome: Outcome) -> None:
        """Give one outcome to everybody: console, log, browser, history."""
        self.history.append(outcome)
        del self.history[:-KEPT]
        self.console.outcome(outcome)
        level = logging.WARNING if outcome.fault is not None else logging.INFO
        if log.isEnabledFor(level):
            files = ", ".join(self.short(path) for path in outcome.files)
            log.log(level, "%s %s", files or "reload", outcome.verdict, extra={"outcome": outcome})
        if self.browser is not None:
            self.browser.outcome(outcome)
            self._serve_files()

    def _hook_failed(self, fault: Fault) -> None:
        """An async hook of a data file raised after its save was reported."""
        self.report(
            Outcome(
                ok=False,
                rung=None,
                files=(),
                fault=fault,
                generation=self.swapper.generation,
            )
        )

    def undo(self) -> Outcome:
        """Go back to the previous source in memory; the files stay as they are."""
        outcome = self.swapper.undo()
        self._conclude(outcome)
        self._refresh_watch()
        return outcome

    def short(self, path: str) -> str:
        """Give a path as reports show it: relative to the working directory where that is shorter."""
        relative = os.path.relpath(path, self.root)
        return path if relative.startswith(os.pardir) else relative

    @property
    def root(self) -> str:
        """The project's directory."""
        return self.options.root or os.getcwd()

    def _reenter(self, suspended: Any) -> bool:
        return bool(self.registry.reenter(suspended.owner))

    def _is_env(self, path: str) -> bool:
        given = self.options.env_file
        if given and os.path.abspath(given) == path:
            return True
        return is_dotenv(path) and path in self.swapper.data_files()

    def _serve_files(self) -> None:
        """Tell the browser side which static files and templates the app serves now."""
        if self.browser is None or self.plan is None:
            return
        from hotswap.live import adapters

        static: list[tuple[str, str]] = []
        templates: list[str] = []
        by_name = {module.__name__: module for module in self.modules()}
        for adapter in adapters.active():
            for app in self.plan.apps():
                if adapter.owns(app):
                    static.extend(adapter.served(app))
            templates.extend(adapter.templates(by_name))
        self.browser.serves(static, templates)

    def _refresh_watch(self) -> None:
        """Watch what is of interest now."""
        if self.watcher is None:
            return
        globs = [
            glob if os.path.isabs(glob) else os.path.join(self.root, glob)
            for entries in hooks.runtime.file_listeners.values()
            for found, _ in entries
            for glob in found
        ]
        if self.browser is not None:
            globs.extend(self.browser.interesting())
        self.watcher.watch(
            self.watched_files(),
            includes=(*self.options.reload_include, *globs),
            excludes=self.options.reload_exclude,
            roots=self.roots,
        )

    def watched_files(self) -> set[str]:
        """Give the files whose change matters now, those that failed to import included."""
        files = set(self.swapper.tracked() | self.swapper.data_files() | self.swapper.pending)
        files.update(self.swapper.tracker.failed)
        if self.options.env_file:
            files.add(os.path.abspath(self.options.env_file))
        if self.options.root:
            files.add(os.path.join(self.options.root, "pyproject.toml"))
        return files

    def _configure(self, batch: Sequence[str]) -> None:
        """Take over a changed ``[tool.hotswap]`` at once, or say what needs an exec reload."""
        path = os.path.join(self.options.root, "pyproject.toml") if self.options.root else ""
        if path not in batch:
            return
        from hotswap.configure import changed

        changed(self)

    # -- leaving ---------------------------------------------------------------------------------------------------

    def ask_reload(
        self, reason: str = "", *, fresh: bool = False, outcome: Outcome | None = None
    ) -> None:
        """Ask for an exec reload; from any thread or signal handler. Requests during a reload coalesce."""
        self.quiet.soon(lambda: self._begin_reload(reason, fresh=fresh, outcome=outcome))

    def _begin_reload(self, reason: str, *, fresh: bool, outcome: Outcome | None) -> None:
        if self._leaving:
            return
        if self.plan is None:
            self.console.say("nothing to reload yet", level="warning")
            return
        self._leaving = True
        leaving = self._leave(self.plan, reason or "asked for", fresh=fresh, outcome=outcome)
        loop = self.quiet.loop
        if loop is not None:
            self._task = loop.create_task(leaving, name="hotswap: exec reload")
        else:
            self.quiet.run_apart(leaving)

    async def _leave(
        self, plan: ReloadPlan, reason: str, *, fresh: bool, outcome: Outcome | None
    ) -> None:
        """Go through the exec reload; comes back only when there was none."""
        from hotswap import handover

        asked = time.monotonic()
        try:
            result = await handover.leave(
                reason=reason,
                fresh=fresh,
                registry=self.registry,
                state=self.state,
                preflight=plan.preflight(),
                modules=self.modules,
                extras={"session": self._carry(asked, outcome), **self._carry_browser()},
                generation=self.swapper.generation + 1,
                shutdown=plan.shutdown,
                startup=plan.startup,
                last_words=self._last_words,
                on_progress=self.console.say,
            )
        finally:
            self._leaving = False
            self._task = None
        if outcome is not None:
            result = dataclasses.replace(
                outcome,
                fault=result.fault,
                reason=result.reason or outcome.reason,
                notes=(*outcome.notes, *result.notes),
            )
        self.report(result)
        for listener in self.on_reloaded:
            listener(result)
        if self.keys is not None:
            self.keys.resume()
        late, self._late = self._late, set()
        if late:
            self.save(late)

    def _carry(self, asked: float, outcome: Outcome | None) -> dict[str, Any]:
        return {
            "asked": asked,
            "outcome": dataclasses.asdict(outcome) if outcome is not None else None,
            "env": self.env.carry(),
            "paused": self.paused,
        }

    def _carry_browser(self) -> dict[str, Any]:
        return {"web": self.browser.carry()} if self.browser is not None else {}

    def restore_terminal(self) -> None:
        """Give the terminal back as it was found."""
        if self.keys is not None:
            self.keys.restore()

    def _last_words(self) -> None:
        """Right before execve: the terminal as it was, everything written."""
        self.restore_terminal()
        for handler in list(logging.getLogger().handlers):
            handler.flush()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()

    def _settled(self, reload: Reload) -> None:
        """The carried connections are adopted: report the reload, with what the previous image knew of its cause."""
        carried = self._carried.get("outcome")
        asked = self._carried.get("asked")
        ms = (time.monotonic() - asked) * 1000 if asked else reload.blackout_ms
        base = _outcome_from(carried) if carried else Outcome(ok=True, rung="exec", files=())
        self.report(
            dataclasses.replace(
                base,
                ok=True,
                rung="exec",
                reason=base.reason or self.manifest.reason,
                generation=self.swapper.generation,
                pending=(),
                fault=None,
                ms=ms,
                reload=reload,
            )
        )

    def _say_how_long(self) -> None:
        """``exec = "ask"``: tell how long the reload would take, measured in a throw-away child."""
        preflight = self.plan.preflight() if self.plan is not None else None
        if preflight is None:
            self.console.say("waits for an exec reload: r + enter, or kill -USR1")
            return

        def measure() -> None:
            from hotswap.handover.preflight import check

            verdict = check(preflight)
            self.quiet.soon(lambda: told(verdict))

        def told(verdict: Any) -> None:
            if verdict.ok:
                seconds = verdict.import_ms / 1000
                self.console.say(
                    f"waits for an exec reload (about {seconds:.1f} s without answers): r + enter, or kill -USR1"
                )
            else:
                self.console.fault(verdict.fault, headline="would not start")

        threading.Thread(target=measure, name="hotswap: preflight", daemon=True).start()

    # -- ending ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop watching and reading keys. Idempotent."""
        if self.keys is not None:
            self.keys.stop()
            self.keys = None
        if self.watcher is not None:
            self.watcher.stop()
            self.watcher = None
        self.quiet.uninstall()
        self.swapper.close()
        hooks.runtime.ask_reload = None

    def _listen(self) -> None:
        """Take SIGUSR1 as a request to reload, and SIGHUP where no terminal could hang up."""
        if not hasattr(signal, "SIGUSR1"):
            return
        if threading.current_thread() is not threading.main_thread():
            return

        def asked(number: int, _: object) -> None:
            self.ask_reload(signal.Signals(number).name)

        if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL:
            signal.signal(signal.SIGUSR1, asked)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL and not _has_terminal():
            signal.signal(signal.SIGHUP, asked)


@dataclasses.dataclass(frozen=True, slots=True)
class ReloadPlan:
    """What the session must know of the program to reload it."""

    name: str
    """``demo_server.main:app``, or the script's path."""
    preflight: Callable[[], Any]
    program: bool = False
    """It runs as ``__main__``."""
    apps: Callable[[], Sequence[Any]] = tuple
    """The ASGI apps served."""
    shutdown: Callable[[], Coroutine[Any, Any, None]] | None = None
    startup: Callable[[], Coroutine[Any, Any, None]] | None = None


def _warm() -> None:
    """Import what the first swap needs, once the program serves."""
    from hotswap.live import patch

    patch.warm()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _outcome_from(carried: Mapping[str, Any]) -> Outcome:
    """Make an outcome of what `dataclasses.asdict` made of it in the previous image."""
    known = {one.name for one in dataclasses.fields(Outcome)}
    facts = {name: value for name, value in carried.items() if name in known}
    for name in ("stale", "fault", "reload"):
        facts.pop(name, None)
    changes = {one.name for one in dataclasses.fields(Change)}
    facts["changes"] = tuple(
        Change(**{name: value for name, value in change.items() if name in changes})
        for change in carried.get("changes", ())
    )
    return Outcome(**facts)

"""The exec reload as the session sees it: requests coalesce, one attempt at a time, its report in whichever image."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from hotswap.session.reporting import report
from hotswap.source.model import Outcome, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from hotswap.session.session import Session
    from hotswap.source.model import Reload

PLACING: Final = 30.0
"""Seconds that a program gets to take what the last image carried, when it is to be reloaded before."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReloadPlan:
    """What the session must know of the program to reload it."""

    name: str
    """``demo_server.main:app``, or the script as it was given."""
    preflight: Callable[[], Any]
    program: bool = False
    """It runs as ``__main__``."""
    apps: Callable[[], Sequence[Any]] = tuple
    """The ASGI apps served."""
    rebound: Callable[[], str] = str
    """After a swap: serve what the target names now; gives why that needs a fresh process, or ``""``."""
    shutdown: Callable[[], Coroutine[Any, Any, None]] | None = None
    startup: Callable[[], Coroutine[Any, Any, None]] | None = None


class Reloading:
    """Asks, waits, leaves; or stays and says why.

    Args:
        session: Whose program reloads.
        carried: What the previous image wrote: who asked for the reload that made this image, and when.
    """

    def __init__(self, session: Session, carried: Mapping[str, Any]) -> None:
        self._session = session
        self._carried = carried
        self._task: asyncio.Task[None] | None = None
        self._estimate: asyncio.Task[None] | None = None
        self._waiting: list[Callable[[Outcome], None]] = []
        self.under_way = False
        self._deferred: tuple[str, bool, Outcome | None] | None = None
        """What asked for a reload before all that was carried had found its place."""
        self._given_up = False
        self.on_settled: Callable[[], None] | None = None
        """Called when the carried connections have been adopted."""

    def ask(
        self,
        reason: str = "",
        *,
        fresh: bool = False,
        outcome: Outcome | None = None,
        refused: Callable[[Outcome], None] | None = None,
    ) -> None:
        """Ask for an exec reload; from any thread or signal handler. Requests during a reload coalesce.

        Args:
            reason: For the report.
            fresh: Keep the connections, drop the state.
            outcome: Of the save that needs it; its report is made when the reload is over.
            refused: Called when this image stays, with the verdict; otherwise the image ends.
        """
        if refused is not None:
            self._waiting.append(refused)
        self._session.quiet.soon(lambda: self._begin(reason, fresh=fresh, outcome=outcome))

    def settled(self, reload: Reload) -> None:
        """In the new image, once the carried connections are adopted: report the reload with what caused it."""
        session = self._session
        if self.on_settled is not None:
            self.on_settled()
        carried = {record.key for record in session.manifest.listeners}
        bound = set(session.registry.bound.values())
        open_now = {key for key, _ in session.registry.listeners()}
        session.service.withdraw(sorted(carried - bound - open_now))
        asked = self._carried.get("asked")
        cause = self._carried.get("outcome")
        ms = (time.monotonic() - asked) * 1000 if asked else reload.blackout_ms
        base = outcome_of(cause) if cause else Outcome(ok=True, rung="exec", files=())
        report(
            session,
            dataclasses.replace(
                base,
                ok=True,
                rung="exec",
                stale=(),
                fault=None,
                reason=base.reason or session.manifest.reason,
                generation=session.swapper.generation,
                pending=(),
                ms=ms,
                reload=reload,
            ),
        )
        self._go_on()

    def edited(self) -> frozenset[str]:
        """Give the real paths of the files whose save made the last image leave."""
        cause = self._carried.get("outcome") or {}
        return frozenset(os.path.realpath(path) for path in cause.get("files", ()))

    def estimate(self) -> None:
        """``exec = "ask"``: measure in a throw-away child how long the reload would take, and say how to begin it."""
        session = self._session
        loop = session.quiet.loop
        preflight = session.plan.preflight() if session.plan is not None else None
        if preflight is None or loop is None:
            session.console.say("an exec reload is needed: r + enter, or kill -USR1")
            return
        self._estimate = loop.create_task(self._measure(preflight), name="hotswap: preflight")

    async def _measure(self, preflight: Any) -> None:
        from hotswap.handover.preflight import check

        console = self._session.console
        try:
            verdict = await check(preflight)
        except OSError as error:
            console.say(f"an exec reload is needed: r + enter, or kill -USR1 (not tried: {error})")
            return
        if verdict.ok:
            seconds = verdict.import_ms / 1000
            console.say(
                f"an exec reload is needed, about {seconds:.1f} s without answers: r + enter, or kill -USR1",
                seconds=seconds,
            )
        elif verdict.fault is not None:
            console.fault(verdict.fault, headline="an exec reload is needed, and would fail")

    def give_up(self) -> None:
        """The program is to end: no reload may come in between; also from a signal handler."""
        self._given_up = True
        if self._task is not None:
            self._task.cancel("the program ends")

    def _at_rest(self) -> None:
        if self._given_up:
            raise asyncio.CancelledError("the program ends")
        self._session.quiet.hold_on()

    def _begin(self, reason: str, *, fresh: bool, outcome: Outcome | None) -> None:
        session = self._session
        ending = isinstance(sys.exc_info()[1], KeyboardInterrupt)  # on its way out of the program
        if self.under_way or self._given_up or ending:
            return
        if session.plan is None:
            session.console.say("nothing to reload yet", level="warning")
            return
        if session.plan.program and not session.registry.arrivals.settled:
            self._defer(reason, fresh=fresh, outcome=outcome)
            return
        self.under_way = True
        leaving = self._leave(session.plan, reason or "asked for", fresh=fresh, outcome=outcome)
        loop = session.quiet.loop
        if loop is not None:
            self._task = loop.create_task(leaving, name="hotswap: exec reload")
        else:
            with contextlib.suppress(asyncio.CancelledError):  # the program ends
                session.quiet.run_apart(leaving)

    def _defer(self, reason: str, *, fresh: bool, outcome: Outcome | None) -> None:
        """Wait until the program has asked for what was carried: what it has not asked for yet would be lost."""
        before = self._deferred
        if before is None:
            self._session.quiet.later(PLACING, self._insist)
        else:
            fresh, outcome = fresh or before[1], outcome or before[2]
        self._deferred = (reason, fresh, outcome)

    def _go_on(self) -> None:
        """Begin what was deferred."""
        if self._deferred is not None:
            (reason, fresh, outcome), self._deferred = self._deferred, None
            self.ask(reason, fresh=fresh, outcome=outcome)

    def _insist(self) -> None:
        """The program never asks, it seems: what mends it must not wait for ever."""
        if self._deferred is not None:
            self._session.registry.arrivals.give_up()
            self._go_on()

    async def _leave(
        self, plan: ReloadPlan, reason: str, *, fresh: bool, outcome: Outcome | None
    ) -> None:
        """Go through the exec reload; comes back only when there was none."""
        from hotswap import handover

        session = self._session
        session.service.reloading()
        cause = dataclasses.asdict(outcome) if outcome is not None else None
        extras: dict[str, object] = {
            "session": {**session.carry(), "asked": time.monotonic(), "outcome": cause}
        }
        if session.browser is not None:
            extras["web"] = session.browser.carry()
        try:
            result = await handover.leave(
                reason=reason,
                fresh=fresh,
                registry=session.registry,
                state=session.state,
                preflight=plan.preflight(),
                modules=session.modules,
                extras=extras,
                generation=session.swapper.generation + 1,
                shutdown=plan.shutdown,
                startup=plan.startup,
                at_rest=self._at_rest,
                last_words=self._last_words,
                on_progress=session.console.say,
            )
        finally:
            self.under_way = False
            self._task = None
        self._stayed(result, outcome)

    def _stayed(self, result: Outcome, cause: Outcome | None) -> None:
        """There was no exec: report it, and go on as before."""
        session = self._session
        if cause is not None:
            result = dataclasses.replace(
                cause,
                fault=result.fault,
                reason=result.reason if result.fault is None else cause.reason,
                notes=(*cause.notes, *result.notes),
            )
        result = dataclasses.replace(result, generation=session.swapper.generation)
        report(session, result)
        session.service.ready(f"generation {result.generation}; not reloaded: {result.reason}")
        waiting, self._waiting = self._waiting, []
        for refused in waiting:
            refused(result)
        session.desk.resume()
        session.watching.take_late()

    def _last_words(self) -> None:
        """Right before execve: the terminal as it was, everything written."""
        session = self._session
        if session.quiet.interrupted() or self._given_up:
            raise asyncio.CancelledError("the program ends")
        session.desk.leave_terminal()
        session.console.flush()
        for handler in list(logging.getLogger().handlers):
            handler.flush()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()

"""What becomes of an outcome: everybody is told, or the session climbs to an exec reload."""

from __future__ import annotations

import dataclasses
import logging
import os
import traceback
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hotswap.session import pages
from hotswap.source.model import Fault, Stale

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from hotswap.session.neighbours import Neighbours
    from hotswap.session.session import Session
    from hotswap.source.model import Outcome

log = logging.getLogger("hotswap.swap")
# The console tells; handlers are the app's choice.
logging.getLogger("hotswap").addHandler(logging.NullHandler())

KEPT: Final = 200
"""Outcomes that the session remembers for the `s` key and the status page."""
LASTING: Final = ("websocket", "stream", "sse")
"""Kinds of connections that people keep open, and would miss."""


def conclude(session: Session, outcome: Outcome) -> None:
    """Report an outcome of the swapper, or climb to exec when that is its verdict."""
    kept: dict[str, int] = {}
    if outcome.ok and outcome.rung in {"patch", "reexec"}:
        kept = {
            kind: number for kind, number in session.registry.counts().items() if kind in LASTING
        }
    needs_exec = not outcome.ok and outcome.fault is None and outcome.rung == "exec"
    if needs_exec and session.options.exec == "auto" and session.plan is not None:
        session.reloading.ask(outcome.reason, outcome=outcome)
        return
    if session.plan is not None and outcome.ok and outcome.rung == "reexec":
        again = session.plan.rebound()
        if again and session.options.exec == "auto":
            session.reloading.ask(again, outcome=dataclasses.replace(outcome, reason=again))
            return
        if again:
            stale = (*outcome.stale, Stale(session.plan.name, "app", again))
            outcome = dataclasses.replace(outcome, stale=stale)
    report(session, outcome, kept)
    if needs_exec and session.options.exec == "ask":
        session.reloading.estimate()


def report(
    session: Session, outcome: Outcome, kept: Mapping[str, int] = MappingProxyType({})
) -> None:
    """Give one outcome to everybody: history, console, log, pages.

    Args:
        session: Whose outcome it is.
        outcome: What became of a batch.
        kept: Lasting connections that the swap left untouched, by kind.
    """
    neighbours = session.neighbours()
    if neighbours is not None:
        neighbours.report(outcome, kept)
    outcome = with_connections(outcome, kept)
    session.history.append(outcome)
    del session.history[:-KEPT]
    if neighbours is None:
        session.console.outcome(outcome)
    level = logging.WARNING if outcome.fault is not None else logging.INFO
    if log.isEnabledFor(level):
        files = ", ".join(session.short(path) for path in outcome.files)
        log.log(level, "%s %s", files or "reload", outcome.verdict, extra={"outcome": outcome})
    if session.browser is None:
        return
    try:
        session.browser.outcome(outcome)
        pages.serve_files(session)
    except Exception:
        log.exception("open pages were not told")
        session.console.say("open pages were not told: an error of hotswap's own", level="error")


def with_connections(outcome: Outcome, kept: Mapping[str, int]) -> Outcome:
    """Say which lasting connections the swap left untouched."""
    from hotswap.console.lines import count

    named = [count(kept[kind], kind) for kind in LASTING if kept.get(kind)]
    if not named:
        return outcome
    return dataclasses.replace(outcome, notes=(f"kept {', '.join(named)}", *outcome.notes))


def company(session: Session, loop: asyncio.AbstractEventLoop) -> Neighbours | None:
    """Join the sessions that serve the same socket; None when the sockets are this session's own."""
    given = session.options.fd is not None or bool(session.handed)
    listeners = [listening for _, listening in session.registry.listeners()]
    if os.name != "posix" or not listeners:
        return None
    from hotswap.session import neighbours

    address = neighbours.shared(listeners, given=given)
    if not address:
        return None

    def tell(outcome: Outcome, kept: Mapping[str, int], by: str) -> None:
        session.console.outcome(with_connections(outcome, kept), by=by)

    try:
        return neighbours.Neighbours(f"{session.root}\0{address}", loop, tell=tell)
    except OSError as error:
        log.warning("reports of several processes are not gathered: %s", error)
        return None


def own_mistake(session: Session, error: Exception) -> None:
    """Report a mistake of hotswap's own; the program goes on."""
    log.error("an error of hotswap's own", exc_info=error)
    lines = traceback.format_exception(error)
    fault = Fault(
        code="HS301",
        title="an error of hotswap's own",
        message=lines[-1].strip(),
        text="".join(lines),
        hint="please report it with the lines above; the program runs on",
    )
    session.console.fault(fault, headline="not swapped")

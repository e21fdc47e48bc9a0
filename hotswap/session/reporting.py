"""What becomes of an outcome: everybody is told, or the session climbs to an exec reload."""

from __future__ import annotations

import dataclasses
import logging
import traceback
from typing import TYPE_CHECKING, Final

from hotswap.session import pages
from hotswap.source.model import Fault, Stale

if TYPE_CHECKING:
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
    if outcome.ok and outcome.rung in {"patch", "reexec"}:
        session.saving.remember(outcome)
        outcome = _with_connections(session, outcome)
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
    report(session, outcome)
    if needs_exec and session.options.exec == "ask":
        session.reloading.estimate()


def report(session: Session, outcome: Outcome) -> None:
    """Give one outcome to everybody: history, console, log, pages."""
    session.history.append(outcome)
    del session.history[:-KEPT]
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


def _with_connections(session: Session, outcome: Outcome) -> Outcome:
    """Say which lasting connections the swap left untouched."""
    from hotswap.console.lines import count

    counts = session.registry.counts()
    kept = [count(counts[kind], kind) for kind in LASTING if counts.get(kind)]
    if not kept:
        return outcome
    return dataclasses.replace(outcome, notes=(f"kept {', '.join(kept)}", *outcome.notes))


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

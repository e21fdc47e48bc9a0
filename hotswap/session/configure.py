"""A changed ``[tool.hotswap]``: what applies at once, and what needs an exec reload."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Final

from hotswap.options import FIELDS, UsageError
from hotswap.source.model import Fault, Outcome

if TYPE_CHECKING:
    from hotswap.options import Options
    from hotswap.session.session import Session

AT_ONCE: Final = frozenset(
    {
        "exec",
        "pin",
        "reenter",
        "reload_exclude",
        "reload_include",
        "verbosity",
    }
)
"""Options that the running session can take over. All others shape the process: they need an exec reload."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a changed configuration means for the running session."""

    options: Options
    now: tuple[str, ...] = ()
    """Names of options that apply at once."""
    later: tuple[str, ...] = ()
    """Names of options that need an exec reload."""
    fault: Fault | None = None
    """The table cannot be used; the options are the old ones."""


def follow(session: Session) -> None:
    """Take a changed ``[tool.hotswap]`` over at once, or say what needs an exec reload."""
    from hotswap.session.reporting import report

    reading = read_again(session.options, os.getcwd(), session.config)
    if reading.fault is not None:
        report(
            session,
            Outcome(
                ok=False,
                rung=None,
                files=(session.config,),
                fault=reading.fault,
                generation=session.swapper.generation,
            ),
        )
        return
    session.options = reading.options
    session.apply_options()
    if reading.now:
        session.console.say(f"pyproject.toml: {', '.join(reading.now)} applied")
    if reading.later:
        names = ", ".join(reading.later)
        session.console.say(f"pyproject.toml: {names} will hold after an exec reload: r + enter")


def read_again(old: Options, start: str, path: str) -> Reading:
    """Merge the sources anew and compare.

    Args:
        old: The options that run.
        start: Where the search for pyproject.toml starts.
        path: The file that changed, for the fault.
    """
    from hotswap.options import load

    try:
        new = load(old.flags, start=start)
    except UsageError as error:
        fault = Fault(
            code="HS703",
            title="options refused",
            message=str(error),
            path=path,
            hint="the options are as they were",
        )
        return Reading(old, fault=fault)
    changed = [name for name in FIELDS if getattr(new, name) != getattr(old, name)]
    now = tuple(name for name in changed if name in AT_ONCE)
    later = tuple(name for name in changed if name not in AT_ONCE)
    kept = {name: getattr(new, name) for name in now}
    return Reading(dataclasses.replace(old, **kept), now, later)

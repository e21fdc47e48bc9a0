"""The data that flows through one save: Source -> Unit -> Edit -> Plan (Steps) -> Outcome (Changes | Fault).

Everything is frozen and holds plain values only: no code objects, no AST nodes of the running program, nothing of
rich. ``swapper`` makes one `Outcome` of each batch; console, log, JSON lines, history and browser all read that.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Rung = Literal["noop", "patch", "reexec", "exec"]
"""How far a save had to climb; see docs/explanation/the-ladder.md."""

LADDER: Final[tuple[Rung, ...]] = ("noop", "patch", "reexec", "exec")

VERBS: Final[Mapping[Rung, str]] = {
    "noop": "unchanged",
    "patch": "patched",
    "reexec": "re-executed",
    "exec": "exec reload",
}

Mark = Literal["~", "+", "-", "!"]
"""``~`` changed, ``+`` new, ``-`` gone, ``!`` needs attention (refused, stale, lost)."""

EVENTS_VERSION: Final = 1
"""Version of the JSON that `Outcome.as_event` and ``--json`` give; grows only with incompatible changes."""


def highest(*rungs: Rung) -> Rung:
    """Give the highest of `rungs`; of none, the lowest there is."""
    return max(rungs, key=LADDER.index, default="noop")


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one module as they stood at one moment."""

    path: str
    data: bytes

    @property
    def digest(self) -> bytes:
        """16 bytes that are equal for equal bytes."""
        return hashlib.blake2b(self.data, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Change:
    """One definition or statement that a swap changed, as the report names it."""

    mark: Mark
    path: str
    name: str
    """Qualified name within the module (``Room.say``), or the statement's targets (``LIMIT``), or ``line 12``."""
    what: str
    """``body``, ``signature``, ``docstring``, ``decorators``, ``bases``, ``fields``, ``value``, ``new``, ``removed``,
    ``moved``, ``re-run``, ``route``, ..."""
    because: str = ""
    """Why a statement that was not edited itself ran again: ``reads LIMIT``."""
    line: int = 0
    kept: str = ""
    """What lives on untouched: ``1 Room, 5 sockets``."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One traceback line of the user's own code."""

    path: str
    line: int
    function: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a batch was not swapped. Nothing has changed; the old code serves.

    ``code`` is stable (``HS101``); each has a section in docs/reference/faults.md.
    """

    code: str
    title: str
    """``syntax error``, ``NameError while LIMIT ran``, ``unreadable file``, ..."""
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    text: str = ""
    """The offending source line, without its indentation."""
    frames: tuple[Frame, ...] = ()
    """The user's frames only, outermost first."""
    hint: str = ""
    """What to do, when there is something to do besides mending the file."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Something that still runs, or still is, what the old source said."""

    name: str
    what: str
    """``body``, ``docstring``, ``annotations``, ``defaults``, ``frame``, ``thread``, ``attribute``, ..."""
    reason: str
    path: str = ""
    line: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Reload:
    """What one exec reload did to the connections and the state."""

    kept: Mapping[str, int] = field(default_factory=dict)
    """By kind: ``{"listener": 1, "websocket": 5, "stream": 2, "http": 3}``."""
    lost: tuple[str, ...] = ()
    """A line each, with the cause: ``2 TLS connections: start with --tls-keeper``."""
    restarted: int = 0
    """Handlers that were entered again from the top."""
    state_bytes: int = 0
    blackout_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one batch. The report, the log, the JSON line and the browser are made from it alone."""

    ok: bool
    rung: Rung | None
    """The rung planned; None when there was no plan (a fault before planning)."""
    files: tuple[str, ...]
    """Paths of the batch, as given, that differ from what runs."""
    changes: tuple[Change, ...] = ()
    stale: tuple[Stale, ...] = ()
    fault: Fault | None = None
    reason: str = ""
    """Why it had to climb this far, in one line."""
    generation: int = 0
    """Swaps since the first start, this one included; survives exec."""
    ms: float = 0.0
    """From the moment the batch was read to commit, in milliseconds."""
    pending: tuple[str, ...] = ()
    """Files of this and earlier faulted batches that wait for the next save."""
    notes: tuple[str, ...] = ()
    """More facts worth a line: ``lru_cache of price cleared``."""
    reload: Reload | None = None

    @property
    def verdict(self) -> str:
        """``swapped``, ``unchanged``, ``fault``, ``needs exec`` or ``reloaded``."""
        if self.fault is not None:
            return "fault"
        if self.reload is not None:
            return "reloaded"
        if not self.ok:
            return "needs exec"
        return "unchanged" if self.rung == "noop" else "swapped"

    def as_event(self) -> dict[str, Any]:
        """Give the JSON object for ``--json``, log records and the browser (docs/reference/events.md)."""
        from dataclasses import asdict

        event = asdict(self)
        return {"v": EVENTS_VERSION, "event": "outcome", "verdict": self.verdict, **event}


def outcome_of(event: Mapping[str, Any]) -> Outcome:
    """Make the outcome again that `Outcome.as_event` made this of; unknown keys are passed over."""
    facts = _known(Outcome, event)
    for name in ("files", "pending", "notes"):
        facts[name] = tuple(facts.get(name, ()))
    for name, kind in (("changes", Change), ("stale", Stale)):
        facts[name] = tuple(kind(**_known(kind, row)) for row in facts.get(name, ()))
    if facts.get("fault"):
        fault = _known(Fault, facts["fault"])
        fault["frames"] = tuple(Frame(**_known(Frame, row)) for row in fault.get("frames", ()))
        facts["fault"] = Fault(**fault)
    if facts.get("reload"):
        reload = _known(Reload, facts["reload"])
        facts["reload"] = Reload(**{**reload, "lost": tuple(reload.get("lost", ()))})
    return Outcome(**facts)


def _known(kind: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in facts.items() if name in names}

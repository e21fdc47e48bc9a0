"""The words of live loops: a suspended frame, what became of it, and the refusal to touch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from types import CodeType

Kind = Literal["take", "finish", "ends", "stale", "unstarted"]
"""``take``: the very next step is new; ``finish``: the turn in flight ends as it began, every later one is new;
``ends``: one call of a loop's turn, which ends in the old body and is made anew in the next turn;
``unstarted``: had not begun and runs the new code from the top; ``stale``: still runs the old body."""


class Refused(Exception):
    """This frame cannot take the new code; nothing was changed. The message is the reason, for the report."""

    def __init__(self, reason: str, *, in_turn: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.in_turn = in_turn
        """What stands in the way happens within the turn: finishing the turn in flight gets past it."""


@dataclass(frozen=True, slots=True, eq=False)
class Suspended:
    """A coroutine, generator or async generator whose code object is being replaced."""

    owner: Any
    old: CodeType
    """The code object in its frame: a module's own, or one that an earlier swap made for the frame alone."""
    new: CodeType | None
    """None when the function is gone from the source."""
    module_globals: dict[str, Any]
    """Those that it runs with."""
    home: dict[str, Any] | None = None
    """Those of the module that its function has moved to, when that is another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What became of one suspended frame."""

    suspended: Suspended
    kind: Kind
    reason: str = ""
    """Why it is stale or has to finish its turn; for a frame that took the code, what the user should know."""
    line: int = 0
    """Where the frame is parked: in the old text when it is stale, in the new text otherwise."""
    waits: bool = False
    """The new body cannot run as it is, not even from the top: the frame waits for the next save of its file."""

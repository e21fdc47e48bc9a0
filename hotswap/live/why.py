"""Why a statement runs: what follows from it is decided by the kind, the report prints the words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Kind(enum.Enum):
    """What made a statement run; the value is how the report says it."""

    EDITED = "edited"
    DOCSTRING = "docstring"
    # what it reads, calls, imports, inherits is another one now
    READS = "reads {what}"
    CALLS = "calls {what}"
    DECORATED = "its decorator {what} changed"
    CHANGED = "{what} changed"
    """Code that runs when the statement does: a hook of a base class, a function that makes an app."""
    MAKER_READS = "{by} reads {what}"
    IMPORTS = "{what} changed in {by}"
    IMPORTS_ALL = "takes all of {by}"
    MODULE_GONE = "{what} was deleted"
    MODULE_NAMES = "works on the module's names"
    # another statement ran, and this one goes with it
    FILLED_ANEW = "{what} is filled anew"
    FILLS = "fills {what}"
    MUTATES_DOCSTRING = "mutates the docstring"
    ADDS_TO = "adds to {what}"
    BOUND_ANEW = "{what} is bound anew"
    BINDS_AGAIN = "binds {what} again"
    BUILT_ON = "{by} builds on it"
    DELETED_SINCE = "{by} reads {what}, which was deleted"
    BOUND_SINCE = "{by} reads {what}, bound anew since"
    DELETES = "deletes {what}"
    BRANCH_TAKEN = "its branch is taken now"
    BRANCH_LEFT = "the branch that bound {what} is no longer taken"


RUNS_CHANGED: Final = frozenset({Kind.CALLS, Kind.DECORATED, Kind.CHANGED, Kind.IMPORTS})
"""The statement runs code that changed: what it raises is the user's to mend."""

DOES_AGAIN: Final = frozenset({Kind.EDITED, Kind.READS, Kind.CALLS, Kind.DECORATED})
"""The statement does anew what it did, so that what it fills begins anew, too."""


@dataclass(frozen=True, slots=True)
class Why:
    """One reason: its kind, what it names, and whose doing that is where the words say so."""

    kind: Kind
    what: str = ""
    by: str = ""

    def __str__(self) -> str:
        return self.kind.value.format(what=self.what, by=self.by)

    @property
    def runs_changed(self) -> bool:
        return self.kind in RUNS_CHANGED

    @property
    def does_again(self) -> bool:
        return self.kind in DOES_AGAIN

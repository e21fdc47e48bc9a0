"""What follows from the reason for which a statement runs again. Reasons are the very words of the report."""

from __future__ import annotations

from typing import Final

EDITED: Final = "edited"


def reads(why: str) -> bool:
    """Say whether the statement reads a value that is another one now."""
    return why.startswith("reads ")


def runs_changed_code(why: str) -> bool:
    """Say whether the statement calls, inherits, imports or is decorated by what changed."""
    if reads(why) or " reads " in why:
        return False  # a name may be called ``changed``
    return why.startswith("calls ") or why.endswith(" changed") or " changed in " in why


def does_again(why: str) -> bool:
    """Say whether the statement does anew what it did, so that what it fills begins anew, too."""
    return why == EDITED or why.startswith(("reads ", "calls ", "its decorator "))


def fills_anew(why: str) -> bool:
    """Say whether the statement runs only because what it makes is filled anew."""
    return why.endswith(" is filled anew")

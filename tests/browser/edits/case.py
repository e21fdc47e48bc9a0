"""One edit of a script: what a page held before, what it must see after, and whether it may keep running meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One edit. The script runs in a page, `hold` is evaluated, the file is saved, `probe` must give `want`."""

    name: str
    before: str
    after: str
    probe: str
    want: Any
    hold: str = "null"
    hot: bool = True
    """Whether the page must live on; otherwise it must be loaded anew (and `probe` is asked there)."""
    awaited: bool = False
    """Whether `want` comes a little later, and the probe is asked until it does."""
    files: dict[str, str] = field(default_factory=dict)
    """More files beside it, by name."""
    classic: bool = False
    head: str = ""
    """The page's own markup for its scripts, where it is not one tag for this script."""
    body: str = ""
    edit: str = ""
    """Which of `files` is edited, where it is not the script itself: `after` is its new text."""
    after_files: dict[str, str] = field(default_factory=dict)
    """More files that are written, without telling anybody, before the edit is saved."""

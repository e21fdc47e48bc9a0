"""What the files themselves say of a save: when it was, and what stands on a line."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST = 10.0
"""Seconds: a file whose modification time lies further back was not written just now (``touch``, ``cp -p``)."""

COARSE = 0.05
"""Seconds by which a file's time may lie before the clock's: the kernel stamps files with that of its last tick."""
MOST = 20_000
"""Files that are looked at: half a second's work."""


def written(path: str) -> float:
    """Give when a file was written, in seconds since the epoch; 0.0 when it is gone."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def since_save(paths: Sequence[str], root: str) -> float:
    """Give the milliseconds since the newest of `paths` was written; 0.0 when that cannot be told."""
    newest = max((written(os.path.join(root, path)) for path in paths), default=0.0)
    passed = time.time() - newest
    return round(passed * 1000, 1) if 0 <= passed < OLDEST else 0.0


def changed_since(folders: Sequence[str], moment: float) -> list[str]:
    """Give the files below `folders` that were written since a moment (seconds since the epoch); of `MOST` at most."""
    found: dict[str, None] = {}
    looked = 0
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                if written(path) >= moment - COARSE:
                    found.setdefault(path)
            looked += len(names)
            if looked > MOST:
                return list(found)
    return list(found)


def line(path: str, number: int) -> str:
    """Give a line of a file, counted from 1; ``""`` when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return next((text.rstrip("\n") for n, text in enumerate(file, 1) if n == number), "")
    except OSError:
        return ""

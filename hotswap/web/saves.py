"""What the files themselves say of a save: when it was, and what stands on a line."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST = 10.0
"""Seconds: a file whose modification time lies further back was not written just now (``touch``, ``cp -p``)."""


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


def line(path: str, number: int) -> str:
    """Give a line of a file, counted from 1; ``""`` when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return next((text.rstrip("\n") for n, text in enumerate(file, 1) if n == number), "")
    except OSError:
        return ""

"""The share of each layer's lines and branches that the tests must run: ``python -m tests.floors`` reads .coverage.

The floors are aims, to be raised to what is reached. Lines that run only in frames that were moved to a new
body are not counted by every core of coverage, so `live` will read low.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import coverage

FLOORS: Final = {
    "hotswap/source": 90,
    "hotswap/live": 80,
    "hotswap/wire": 80,
    "hotswap/handover": 80,
    "hotswap/web": 80,
    "hotswap/data": 80,
    "hotswap/watch": 80,
    "hotswap/console": 80,
    "hotswap/session": 80,
    "hotswap/target": 80,
    "hotswap/options": 80,
    "hotswap/*.py": 80,
}
"""Per cent, branches included, by room; the last is the ground floor's own files."""


def measured(pattern: str, data: coverage.Coverage) -> float:
    """Give the per cent of one room."""
    include = f"*/{pattern}" if pattern.endswith(".py") else f"*/{pattern}/*"
    omit = ["*/hotswap/*/*"] if pattern.endswith(".py") else []
    return data.report(include=include, omit=omit, file=io.StringIO())


def main() -> int:
    """Print a line for each room; give 1 when one lies below its floor."""
    data = coverage.Coverage()
    data.load()
    low = False
    for pattern, floor in FLOORS.items():
        reached = measured(pattern, data)
        low |= reached < floor
        mark = "below its floor" if reached < floor else ""
        sys.stdout.write(f"{pattern:20} {reached:5.1f} %   floor {floor} %   {mark}\n")
    return int(low)


if __name__ == "__main__":
    raise SystemExit(main())

"""The share of each room that ``nox -s coverage`` must run, branches included; ``python -m tests.floors`` reads it.

It runs the unit tests, the demo and the exec reloads, not everything: what is reached then is a few per cent above the
floor (more where the tests of real servers make the difference). Raise a floor when more is reached; never lower one to
let a change in. Lines that run only in frames that were moved to a new body are not counted by every core of coverage.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import coverage

FLOORS: Final = {
    "hotswap/source": 86,
    "hotswap/live": 74,
    "hotswap/wire": 41,
    "hotswap/handover": 66,
    "hotswap/web": 53,
    "hotswap/data": 90,
    "hotswap/watch": 90,
    "hotswap/console": 90,
    "hotswap/session": 55,
    "hotswap/target": 85,
    "hotswap/options": 93,
    "hotswap/*.py": 60,
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

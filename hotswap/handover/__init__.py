"""The process: leaving one image by execve and waking in the next, with every connection and the state.

Names are imported when first used: a waking image needs `carrier` alone before it imports the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap.handover.leaving import leave
    from hotswap.handover.parking import park
    from hotswap.handover.preflight import Preflight
    from hotswap.handover.state import State

__all__ = ["Preflight", "State", "leave", "park"]

_HOMES = {
    "Preflight": "hotswap.handover.preflight",
    "State": "hotswap.handover.state",
    "leave": "hotswap.handover.leaving",
    "park": "hotswap.handover.parking",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value

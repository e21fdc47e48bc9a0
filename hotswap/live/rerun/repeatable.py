"""Calls that may be made again on an object that is not made anew: what they did is overwritten, or left nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hotswap.source.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.source.units import Unit

BEGINNINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "sets what it names, and the last call wins": (
        *("set", "config", "update", "disable", "enable", "seterr", "captureWarnings"),
        *("simplefilter", "filterwarnings"),  # warnings moves a filter that it has to the front
    ),
    "keeps one entry for each key": (
        *("register_adapter", "register_converter", "addLevelName", "setdefault"),
    ),
    "leaves the same behind however often it runs": (
        *("discard", "clear", "cache_clear", "mkdir"),
        *("rebuild", "model_rebuild", "update_forward_refs"),
    ),
    "writes something out and keeps nothing": (
        *("info", "debug", "warn", "critical", "write", "flush"),
    ),
    "gives what is there": ("getLogger",),
}
"""By their ground, how the names of methods begin whose class is a library's: of ours, the bodies are read."""

_ALL: Final = tuple(name for names in BEGINNINGS.values() for name in names)

SAYS_ONLY: Final = frozenset({"print", "len", "repr", "isinstance"})
"""Built-in functions that change nothing."""

SHARED: Final = frozenset({"getLogger"})
"""Functions that give the object they gave before (`logging.getLogger`: "all calls with a given name return the same
logger instance"): running such a statement again makes nothing anew."""


def overwrites(methods: Iterable[str]) -> bool:
    """Say whether calling each of these methods again does no harm; of none there is nothing to fear."""
    return all(method.startswith(_ALL) for method in methods)


def leaves_nothing(function: str) -> bool:
    """Say whether what a call did need not be undone, spelled ``print`` or ``np.seterr``."""
    return function in SAYS_ONLY or overwrites([function.rpartition(".")[2]])


def asks(unit: Unit) -> bool:
    """Say whether a statement asks for an object that was there before."""
    value = unit.value
    return isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in SHARED

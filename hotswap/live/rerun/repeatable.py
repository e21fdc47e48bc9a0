"""Calls that may be made again on an object that is not made anew: what they did is overwritten, or left nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hotswap.source.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.source.units import Unit

SETTING: Final = (
    *("set", "config", "update", "disable", "enable", "seterr", "captureWarnings"),
    "simplefilter",  # warnings moves a filter that it has to the front
)
"""Sets what it names, and the last call wins."""

KEYED: Final = ("register_adapter", "register_converter", "addLevelName", "setdefault")
"""Keeps one entry for each key."""

LEAVING: Final = (
    # the same behind, however often it runs
    *(
        "discard",
        "clear",
        "cache_clear",
        "mkdir",
        "rebuild",
        "model_rebuild",
        "update_forward_refs",
    ),
    # nothing: it writes something out
    *("info", "debug", "warn", "critical", "write", "flush"),
    # what was there
    "getLogger",
    # a sequence that has gone on since
    "seed",
)
"""Leaves nothing that would have to go with it."""

# These are how the names of methods begin whose class is a library's: of ours, the bodies are read.

SAYING: Final = frozenset(
    {"print", "pprint", "echo", "secho", "error", "exception", "log", "makedirs"}
)
"""Leaves nothing, too, under this very name: `errorhandler` and `exception_handler` do."""

SAYS_ONLY: Final = frozenset({"print", "len", "repr", "isinstance", "time.sleep"})
"""Functions that change nothing."""

SHARED: Final = frozenset({"getLogger"})
"""Functions that give the object they gave before (`logging.getLogger`: "all calls with a given name return the same
logger instance"): running such a statement again makes nothing anew."""


def overwrites(methods: Iterable[str]) -> bool:
    """Say whether calling each of these methods again does no harm; of none there is nothing to fear."""
    known = (*SETTING, *KEYED, *LEAVING)
    return all(method.startswith(known) or method in SAYING for method in methods)


def leaves_nothing(function: str) -> bool:
    """Say whether what a call did need not be undone, spelled ``print`` or ``random.seed``."""
    method = function.rpartition(".")[2]
    return function in SAYS_ONLY or method in SAYING or method.startswith(LEAVING)


def done_by_another(gone: ast.Call, methods: Iterable[str], others: Iterable[ast.expr]) -> bool:
    """Say whether one of the calls that run now overwrites what a call did that is gone.

    Args:
        gone: ``log.setLevel(INFO)``.
        methods: The methods that it calls, ``setLevel``.
        others: What is evaluated now.
    """
    calls = [
        c for c in others if isinstance(c, ast.Call) and ast.dump(c.func) == ast.dump(gone.func)
    ]
    if any(method.startswith(KEYED) for method in methods):
        key = [ast.dump(argument) for argument in gone.args[:1]]
        calls = [c for c in calls if [ast.dump(argument) for argument in c.args[:1]] == key]
    return bool(calls)


def asks(unit: Unit) -> bool:
    """Say whether a statement asks for an object that was there before."""
    value = unit.value
    return isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in SHARED

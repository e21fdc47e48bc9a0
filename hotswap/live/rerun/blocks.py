"""What calls inside of blocks did: ``for h in handlers: log.addHandler(h)``, ``with settings(): lib.configure()``.

A block is one statement of its module and runs as one. What its text no longer does, or does for fewer objects, is
looked for call by call, as if each were a statement of its own.
"""

from __future__ import annotations

import ast
import builtins
import io
from types import FunctionType
from typing import TYPE_CHECKING, Final

from hotswap.live.adapters.base import Refused
from hotswap.live.journal import MISSING
from hotswap.live.looking import module_of
from hotswap.live.rerun.branches import judge_by
from hotswap.live.rerun.fillers import adapter_of, home_of, rebuildable, targets, value_at
from hotswap.live.rerun.repeatable import leaves_nothing, overwrites
from hotswap.live.rerun.undoing import is_overwritten
from hotswap.source.blocks import Call, calls_in, goes_as_far, holds, is_display
from hotswap.source.nodes import dotted, root
from hotswap.source.units import Unit
from hotswap.source.variables import settings_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.live.rerun.undoing import Happened

ON_NAMES: Final = frozenset({"globals", "vars", "locals", "exec"})
"""Calls that work on the module's names, which are looked after by themselves."""


def refuse_calls(
    rerun: Rerun, swap: ModuleSwap, old: Unit, new: Unit | None, happened: Happened
) -> None:
    """Refuse a block of which calls are gone that left something in a library.

    Args:
        rerun: The statements of the batch.
        swap: The block's module.
        old: The block that ran.
        new: What became of it; None when it is gone.
        happened: To the block.

    Raises:
        Refused: Only a fresh process does without what one of its calls did.
    """
    now = list(calls_in(new.node)) if new is not None else []
    for call in _calls_made(swap, old):
        spelled = [one for one in now if one.spelling == call.spelling]
        unit = Unit(call.statement, old.text, shift=old.shift)
        if any(goes_as_far(one, call) for one in spelled) and _may_repeat(call):
            continue
        if _is_ours(rerun, swap, unit, old):
            continue
        if not spelled and is_overwritten(swap, unit):
            continue
        _refuse(swap, unit, call, happened)


def refuse_fewer(rerun: Rerun, swap: ModuleSwap, unit: Unit, *, runs_again: bool = False) -> None:
    """Refuse to run a loop again for fewer objects than before, when its calls left something in a library.

    Args:
        rerun: The statements of the batch.
        swap: The block's module.
        unit: A block that stayed the same.
        runs_again: It surely does; else only lists that are spelled out tell.

    Raises:
        Refused: What it did to those which are no longer among them stays, or is done twice to the others.
    """
    for call in _calls_made(swap, unit):
        named = [dotted(loop.iter) for loop in call.loops]
        if (runs_again and not _may_repeat(call)) or any(
            _lost(swap, name) for name in named if name
        ):
            inner = Unit(call.statement, unit.text, shift=unit.shift)
            if not _is_ours(rerun, swap, inner, unit):
                _refuse(swap, inner, call, "runs again")


def _calls_made(swap: ModuleSwap, unit: Unit) -> Iterator[Call]:
    """Give the calls in a block but those that were not made: in a branch not taken, of a name that means nothing.

    ``try: from backports import patches`` / ``except ImportError: pass`` / ``else: patches.apply()``.
    """
    for call in calls_in(unit.node, judge=judge_by(swap.before)):
        name = root(call.call.func)
        if not name or name in swap.before or hasattr(builtins, name):
            yield call


def _may_repeat(call: Call) -> bool:
    """Say whether a call may be made once more for the same objects: it sets something, and the last one wins."""
    return overwrites([_last(call.call) or dotted(call.call.func)])


def _lost(swap: ModuleSwap, name: str) -> bool:
    """Say whether a container of the module lacks, or will, something that it held when the swap began."""
    for step in swap.binders(name):
        if step.verdict == "run" and step.old is not None and step.old.value is not None:
            old, new = step.old.value, step.unit.value
            if is_display(old) and is_display(new) and not holds(new, old):
                return True
    before, now = swap.before.get(name, MISSING), swap.names.get(name, MISSING)
    if before is MISSING or now is MISSING or before is now:
        return False
    if not isinstance(before, (list, tuple, set, frozenset, dict)):
        return False
    try:
        return any(one not in now for one in before)
    except Exception:  # noqa: BLE001 - comparing elements runs code of anybody's
        return True


def _is_ours(rerun: Rerun, swap: ModuleSwap, unit: Unit, block: Unit) -> bool:
    """Say whether what a call did is looked after elsewhere, or need not be: our functions, what is filled anew."""
    call = unit.node.value if isinstance(unit.node, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return True
    function, first = dotted(call.func), root(call.func)
    if first in ON_NAMES or leaves_nothing(function or _last(call)):
        return True
    value = swap.names.get(first, MISSING)
    if issubclass(type(value), io.IOBase) or settings_in(unit.node):
        return True  # ``with open(..) as file: file.seek(0)``; variables are given back
    if value is not MISSING and first not in block.scan.binds:
        ours = (
            issubclass(type(value), (FunctionType, type))
            and module_of(value) in rerun.tracker.loaded
        )
        if ours:
            return True
    keys = targets(rerun, swap, unit)
    if not function:  # ``getLogger(name).addHandler(handler)``: who knows what the call before gave
        given = (*call.args, *(keyword.value for keyword in call.keywords))
        keys -= {home_of(rerun, swap, one.id) for one in given if isinstance(one, ast.Name)}
    return any(
        adapter_of(rerun, value_at(rerun, key)) is not None or rebuildable(rerun, key)
        for key in keys
    )


def _last(call: ast.Call) -> str:
    """Give the method that a call calls on whatever object: ``setLevel`` of ``getLogger("a").setLevel(10)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _refuse(swap: ModuleSwap, unit: Unit, call: Call, happened: Happened) -> None:
    raise Refused(
        f"line {unit.line} of {swap.name} {happened}: "
        f"what {ast.unparse(call.call.func)}() did cannot be undone"
    )

"""Statements that bind names without saying which: ``for n in NAMES: globals()[n] = ...``, ``exec(source)``."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Final

from hotswap.live.dependents import running_code
from hotswap.live.journal import MISSING
from hotswap.live.why import Kind, Why
from hotswap.source import codes

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit

DYNAMIC: Final = frozenset({"exec", "globals", "vars", "locals"})
"""Calls by which a statement may bind names without saying so."""


def is_dynamic(unit: Unit) -> bool:
    """Say whether a statement may bind names that the file does not spell."""
    return unit.kind not in ("def", "class") and not DYNAMIC.isdisjoint(unit.scan.calls)


def forget_dynamic(rerun: Rerun, swap: ModuleSwap, but: Unit | None = None) -> None:
    """Forget the names that nothing in the file binds: such statements made them, and do so again, all of them.

    Args:
        rerun: The statements of the batch.
        swap: The module.
        but: The statement that is about to run.
    """
    if ("globals()", "") in swap.outside:
        return
    swap.outside.add(("globals()", ""))  # those that come later run for that
    units = [s.unit for s in swap.steps if not s.is_guard]
    units += swap.plan.before if swap.plan is not None else []
    known = {n for u in units for n in u.scan.binds}
    known |= codes.declared_global(running_code(swap.entry))  # state: nobody would make it again
    gone = [
        name
        for name in swap.names
        if name not in known
        and not name.startswith("__")
        and name not in swap.edges
        and not isinstance(swap.names[name], ModuleType)
        and name in swap.before
    ]
    for name in gone:
        del swap.names[name]
        swap.dirty.add(name)
    for step in list(swap.steps) if gone and but is not None else ():
        if step.unit is but:
            break
        if not step.is_guard and is_dynamic(step.unit):
            rerun.run_step(rerun, swap, step, Why(Kind.MODULE_NAMES))


def note_dynamic(swap: ModuleSwap) -> None:
    """Note what a statement bound in other ways than by saying so."""
    swap.outside.add(("globals()", ""))
    known = {n for s in swap.steps if not s.is_guard for n in s.unit.scan.binds}
    for name in {*swap.names, *swap.before} - known:
        same = swap.names.get(name, MISSING) is swap.before.get(name, MISSING)
        if not same and not name.startswith("__"):
            swap.dirty.add(name)

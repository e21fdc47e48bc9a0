"""Runs one statement in the module's own names, and merges what it bound."""

from __future__ import annotations

import ast
import sys
import warnings
from contextlib import nullcontext
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from hotswap.live import adapters, registries
from hotswap.live.adapters.base import Refused
from hotswap.live.gathered import record_named
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict
from hotswap.live.opening import running
from hotswap.live.rerun.branches import is_main_guard
from hotswap.live.rerun.dynamic import forget_dynamic, is_dynamic, note_dynamic
from hotswap.live.rerun.fillers import targets, value_at
from hotswap.live.rerun.looked import note_attributes
from hotswap.live.rerun.merging import merge_bound
from hotswap.live.rerun.outside import differing, environment, see_variables
from hotswap.live.rerun.remembering import remember, remember_environment
from hotswap.live.rerun.removed import star_gone
from hotswap.live.rerun.state import StatementRaised
from hotswap.live.rerun.subclassed import filled_by_value, settle_filled
from hotswap.live.why import Kind
from hotswap.source import codes
from hotswap.source.graph import Edge, absolute, public_names
from hotswap.source.model import Change

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.live.why import Why
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def execute(rerun: Rerun, swap: ModuleSwap, step: Step, why: Why) -> None:
    """Run the statement in the module's own names, then merge what it bound.

    Raises:
        StatementRaised: It raised, and that is the user's to mend.
        Refused: It cannot run a second time, or raised because it ran before.
    """
    unit, scan = step.unit, step.unit.scan
    _refuse_again(swap, step, why)
    swap.ran[id(unit)] = why
    rerun.names_changed()
    refuse_mapped(rerun, swap, unit)
    remember(rerun, swap, unit)
    remember_environment(rerun, unit)
    rerun.about_to_set(swap.name)
    if unit.kind != "import":
        _note_fillings(rerun, swap, unit)
    if is_dynamic(unit):
        forget_dynamic(rerun, swap, unit)
    if unit.kind not in ("def", "class", "import", "assign"):
        _docstring_anew(rerun, swap, unit)
    bound = [*scan.binds, *_star_names(swap, unit)]
    filled = filled_by_value(rerun, swap, unit) if step.situation not in ("new", "branch") else []
    sizes = [len(container) for _, container in filled]
    for _, container in filled:
        rerun.journal.content(container)
    variables = environment() if unit.kind in ("expr", "for", "with", "other") else None
    try:
        code = _compiled(rerun, swap, unit)
        with running(swap.entry):
            exec(code, swap.names)
    except (Refused, StatementRaised, MemoryError):
        raise
    except BaseException as error:
        if _is_fault(rerun, step, why, error):
            raise StatementRaised(swap.entry, unit, error) from error
        raise Refused(
            f"{swap.name}, line {unit.line}: {unit.label} has to run again ({why}) and raised "
            f"{type(error).__name__}: {error}"
        ) from error
    settle_filled(unit, filled, sizes)
    if variables is not None:
        see_variables(rerun, differing(variables), swap.entry)
    _report(rerun, swap, step, why)
    for name in dict.fromkeys(bound):
        merge_bound(rerun, swap, step, name)
    if unit.kind in ("def", "class"):
        swap.ran_names.add(unit.name)
    if unit.stars:
        star_gone(rerun, swap, unit)
    _note_touched(rerun, swap, unit)
    note_attributes(rerun, swap, unit)
    if is_dynamic(unit):
        note_dynamic(swap)


def _refuse_again(swap: ModuleSwap, step: Step, why: Why) -> None:
    scan = step.unit.scan
    if scan.irrevocable and step.situation not in ("new", "branch"):
        if not (scan.overwrites and step.verdict == "run"):
            raise Refused(
                f"line {step.unit.line} of {swap.name} {scan.irrevocable}; it would have to run again: {why}"
            )
    if swap.entry.module.__name__ == "__main__" and any(is_main_guard(g) for g, _ in step.guards):
        raise Refused("the body of `if __name__ == '__main__'` has run and changed")


def _note_touched(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Note the names that a statement deleted, and the objects that it changed without binding anything."""
    scan = unit.scan
    swap.dirty.update(n for n in scan.deletes if n in swap.before and n not in swap.names)
    if unit.binds:
        return
    swap.dirty.update(n for n in scan.mutates if _is_container(swap, n))
    for root, *rest in scan.chains:
        if rest and root in scan.mutates and isinstance(swap.names.get(root), ModuleType):
            swap.outside.add((root, rest[0]))
    for root, attribute in scan.assigns:
        target = swap.names.get(root)
        if attribute and type(target).__module__ in rerun.tracker.loaded:
            swap.outside.add(
                (root, attribute)
            )  # settings.limit = 5; settings.half = settings.limit // 2
        if attribute and isinstance(target, ModuleType):
            swap.outside.add((root, attribute))
            rerun.assigned[target.__name__, attribute] = swap.entry.order


def _note_fillings(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Record what a statement may go on filling in place, so that what it adds can be told from what was there."""
    for key in targets(rerun, swap, unit):
        rerun.about_to_set(key[0])
        value = value_at(rerun, key)
        if key not in rerun.refill.filled and value is not MISSING:
            rerun.refill.filled[key] = record_named(value, rerun.tracker.loaded)


def _docstring_anew(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """A function that goes on writing the module's docstring begins with the written one (requests' codes)."""
    if "__doc__" in swap.rebuilt or (swap.name, "__doc__") not in targets(rerun, swap, unit):
        return
    swap.rebuilt.add("__doc__")
    swap.names["__doc__"] = codes.stored_constants(swap.text.code).get("__doc__")


def _is_fault(rerun: Rerun, step: Step, why: Why, error: BaseException) -> bool:
    """Say whether an exception is the user's: it was edited, or ran code or values that were."""
    if step.verdict in ("run", "annotation"):
        # a statement that writes into globals() may refuse only because it ran before
        return not (step.unit.kind == "expr" and "globals" in step.unit.scan.calls)
    if isinstance(error, SyntaxError) or (
        step.unit.kind == "import" and isinstance(error, ImportError)
    ):
        return True
    if why.runs_changed:
        return True
    edited = {s.entry.filename: s for s in rerun.swaps.values() if s.plan is not None}
    walker = error.__traceback__
    while walker is not None:
        code = walker.tb_frame.f_code
        other = edited.get(code.co_filename)
        if other is not None and code.co_qualname in rerun.own_changed.get(other.name, ()):
            return True
        walker = walker.tb_next
    return why.kind is Kind.READS and not isinstance(error, (NameError, AttributeError, TypeError))


def refuse_mapped(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Refuse classes that their framework registers once only."""
    value: Any = swap.before.get(unit.name) if unit.kind == "class" else None
    if issubclass(type(value), type):
        own = class_dict(value)
        if "__mapper__" in own or "__table__" in own:
            raise Refused(f"{unit.name} is mapped by SQLAlchemy, which registers a table once only")
        if "_meta" in own and type(value).__module__.startswith("django."):
            raise Refused(f"{unit.name} is a Django model, which is registered once only")
        owner = adapters.owner(value, rerun.refill.active)
        if owner is not None and owner.fixed(value):
            raise Refused(owner.fixed(value))


def _compiled(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> CodeType:
    """Compile one statement alone, with its real line numbers and the file's future imports."""
    text = swap.text
    # where the whole file gave no warning, the filters are left alone: 20 us a statement
    with warnings.catch_warnings(action="ignore") if text.warns else nullcontext():
        code: CodeType = compile(
            ast.Module([unit.node], []), text.filename, "exec", flags=text.flags, dont_inherit=True
        )
    return rerun.graft.prepare(code)


def _star_names(swap: ModuleSwap, unit: Unit) -> list[str]:
    """Give the names that ``from module import *`` brings, and note where they come from."""
    found: list[str] = []
    for level, module in unit.stars:
        target = sys.modules.get(absolute(level, module, swap.package))
        if isinstance(target, ModuleType):
            for name in public_names(target.__dict__):
                found.append(name)
                swap.edges.setdefault(name, Edge(name, target.__name__, name))
    return found


def _report(rerun: Rerun, swap: ModuleSwap, step: Step, why: Why) -> None:
    if step.edited or why.kind is Kind.EDITED:
        return
    unit = step.unit
    if unit.kind == "import":
        return
    what = "annotation" if isinstance(unit.node, ast.AnnAssign) and unit.value is None else "re-run"
    rerun.changes.append(
        Change("~", swap.entry.path, unit.label, what, because=str(why), line=unit.line)
    )


def _is_container(swap: ModuleSwap, name: str) -> bool:
    value = swap.names.get(name, MISSING)
    return value is not MISSING and issubclass(type(value), registries.CONTAINERS)

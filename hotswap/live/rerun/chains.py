"""Names that several statements bind or build on: such statements run as a chain, in order."""

from __future__ import annotations

import builtins
from types import FunctionType
from typing import TYPE_CHECKING

from hotswap.live.why import Kind, Why

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def force_chains(swap: ModuleSwap) -> None:
    """A name bound by several statements of which one came, went or changed: bind it anew in order."""
    if swap.plan is None or _stands(swap.steps, swap.plan.before):
        return
    before: dict[str, list[Unit]] = {}
    after: dict[str, list[Step]] = {}
    for unit in swap.plan.before:
        for name in {*unit.scan.binds, *unit.scan.deletes}:
            before.setdefault(name, []).append(unit)
    for step in swap.steps:
        if not step.is_guard:
            for name in {*step.unit.scan.binds, *step.unit.scan.deletes}:
                after.setdefault(name, []).append(step)
    for name, steps in after.items():
        units = before.get(name, [])
        if len(steps) < 2 and len(units) < 2:
            continue
        edited = any(s.verdict == "run" for s in steps)
        if not edited and [s.old for s in steps] == units:
            continue
        if all(s.situation == "new" for s in steps):
            continue
        builds = any(
            s.unit.scan.reads_self
            or s.unit.scan.deletes
            or s.unit.kind in ("if", "try", "with", "for")
            for s in steps
        )
        appended = (
            all(s.verdict != "run" for s in steps[:-1]) and [s.old for s in steps[:-1]] == units
        )
        if builds and appended and steps[-1].unit.scan.reads_self and not steps[-1].unit.scan.hard:
            continue  # a new last statement goes on from the value there is
        for step in steps if builds else steps[-1:]:
            if step.verdict != "run":
                swap.forced[id(step.unit)] = Why(Kind.BOUND_ANEW, name)


def _stands(steps: list[Step], before: list[Unit]) -> bool:
    """Say whether no statement came, went, moved or runs: each binds what it did (to see that takes no scan)."""
    kept = [step for step in steps if not step.is_guard]
    if any(step.verdict == "run" for step in kept) or len(kept) != len(before):
        return False
    return all(step.old is unit for step, unit in zip(kept, before, strict=True))


def chain_reason(swap: ModuleSwap, step: Step) -> Why | None:
    """Names bound by several statements run as a chain; what mutates a definition belongs to it."""
    unit, scan = step.unit, step.unit.scan
    for name in scan.binds:
        others = [s for s in swap.binders(name) if s is not step]
        if others and any(
            id(s.unit) in swap.ran and swap.steps.index(s) < swap.steps.index(step) for s in others
        ):
            return Why(Kind.BINDS_AGAIN, name)
    for name, _ in scan.assigns:
        if name in swap.ran_names and isinstance(swap.names.get(name), (type, FunctionType)):
            return Why(Kind.ADDS_TO, name)
    if scan.deletes & (swap.ran_names | swap.dirty) and unit.kind == "other":
        return Why(Kind.DELETES, "what ran again")
    return None


def catch_up(rerun: Rerun, swap: ModuleSwap, step: Step, name: str) -> None:
    """Run the earlier binders of a name that this one builds on."""
    earlier = [s for s in swap.binders(name) if swap.steps.index(s) < swap.steps.index(step)]
    chain = [*earlier, step]
    if not earlier or step.unit.kind in ("def", "class", "import"):
        return
    if (
        step.situation == "new"
        and step.unit.scan.reads_self
        and all(s.verdict != "run" for s in earlier)
    ):
        # x = [1] ... x += [2] is new: the value made so far is the one to build on
        return
    if not any(s.unit.scan.reads_self or s.guards for s in chain):
        return
    for binder in earlier:
        if id(binder.unit) not in swap.ran:
            rerun.run_step(rerun, swap, binder, Why(Kind.BUILT_ON, by=step.unit.label))


def bring_back(rerun: Rerun, swap: ModuleSwap, step: Step) -> None:
    """Bind again what the statement reads and the module has deleted since (``del _helper``)."""
    scan = step.unit.scan
    for name in sorted(scan.reads | scan.calls):
        if name in swap.names or hasattr(builtins, name):
            continue
        for binder in swap.binders(name):
            if binder is step or swap.steps.index(binder) > swap.steps.index(step):
                break
            if id(binder.unit) not in swap.ran:
                rerun.run_step(rerun, swap, binder, Why(Kind.DELETED_SINCE, name, step.unit.label))
        if name in swap.names:
            for later in swap.steps:
                if not later.is_guard and name in later.unit.scan.deletes:
                    swap.forced[id(later.unit)] = Why(Kind.DELETES, name)


def reach_back(rerun: Rerun, swap: ModuleSwap, step: Step) -> None:
    """Bind again what the statement reads and a later statement of the file has bound to something else since.

    ``fields = [...]; A = make(A, fields); fields = [...]; B = make(B, fields)``: A is made of the first `fields`.
    """
    at = swap.steps.index(step)
    for name in sorted(step.unit.scan.reads - set(step.unit.scan.binds)):
        binders = swap.binders(name)
        earlier = [b for b in binders if swap.steps.index(b) < at]
        if len(binders) < 2 or not earlier or earlier[-1] is binders[-1]:
            continue
        if any(b.unit.kind != "assign" or b.unit.scan.reads_self or b.guards for b in binders):
            continue
        if id(earlier[-1].unit) not in swap.ran:
            rerun.run_step(rerun, swap, earlier[-1], Why(Kind.BOUND_SINCE, name, step.unit.label))

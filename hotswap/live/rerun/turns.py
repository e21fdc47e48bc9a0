"""Modules take their turns, in the order of imports, and statements theirs, in the order of the file.

A module's statements run up to its first import of another module of the swap, that one runs, and so on; then those
that import what changed follow.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from hotswap.live import adapters
from hotswap.live.adapters.base import Refused
from hotswap.live.dependents import Dependents
from hotswap.live.factories import Factories
from hotswap.live.journal import MISSING
from hotswap.live.ledger import running_line
from hotswap.live.rerun.annotations import annotate
from hotswap.live.rerun.branches import dotted_in, judge_by
from hotswap.live.rerun.chains import bring_back, catch_up, force_chains, reach_back
from hotswap.live.rerun.changed import dirty_chain, taint, visible, visible_dirty
from hotswap.live.rerun.edited import see_edits, statement_gone
from hotswap.live.rerun.followers import next_follower
from hotswap.live.rerun.joining import prepare
from hotswap.live.rerun.looked import note_facts
from hotswap.live.rerun.once import refuse_marked, see_once
from hotswap.live.rerun.outside import see_outside
from hotswap.live.rerun.reasons import reason_to_run
from hotswap.live.rerun.refill import refuse_fixed, settle, take_over
from hotswap.live.rerun.refusals import refuse_moved, refuse_taken
from hotswap.live.rerun.removed import delete_name, remove_names
from hotswap.live.rerun.state import Refill, Rerun
from hotswap.live.rerun.statement import execute, refuse_mapped
from hotswap.live.why import Kind, Why
from hotswap.source import codes
from hotswap.source.graph import imports_of
from hotswap.source.guards import names_of
from hotswap.source.plan import Step
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap.live.batch import Outside
    from hotswap.live.functions import Graft
    from hotswap.live.journal import Journal
    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.live.tracker import Tracker
    from hotswap.source.units import Unit


def begin(
    tracker: Tracker,
    journal: Journal,
    graft: Graft,
    edited: list[ModuleSwap],
    own_changed: Mapping[str, set[str]],
    *,
    pinned: Callable[[str], bool],
    outside: Outside,
    about_to_set: Callable[[str], None],
) -> Rerun:
    """Gather what running the statements of `edited` needs to know; runs nothing."""
    dirty = {swap.name: swap.dirty for swap in edited}
    loaded = tracker.loaded.values()
    factories = Factories(
        {swap.entry.path: (swap.entry.data, swap.text.data) for swap in edited},
        {entry.path: entry.module for entry in loaded},
        dirty,
        {entry.path: entry.data for entry in loaded}.get,
    )
    rerun = Rerun(
        tracker,
        journal,
        graft,
        edited,
        {swap.name: swap for swap in edited},
        own_changed,
        pinned,
        Dependents(tracker),
        Refill(factories, list(adapters.active())),
        outside,
        dirty,
        about_to_set,
    )
    rerun.run_step = run_step
    note_facts(rerun)
    return rerun


def run(rerun: Rerun) -> None:
    """Carry out the batch.

    Raises:
        StatementRaised: The user's code raised.
        Refused: Only a fresh process can carry the edit out.
    """
    for swap in rerun.edited:
        prepare(rerun, swap)
    for swap in list(rerun.swaps.values()):
        force_chains(swap)
    see_outside(rerun)
    see_edits(rerun)
    refuse_marked(rerun)
    for name in _import_order(rerun):
        swap = rerun.swaps[name]
        if swap.plan is not None or not swap.forced:
            _take_turn(rerun, swap)
        # else it calls again what makes its app: as a follower, when all that this calls is as it will be
    done: dict[str, frozenset[str]] = {}
    while True:
        follower = next_follower(rerun, done)
        if follower is None:
            break
        _take_turn(rerun, follower)
    see_once(rerun)
    settle(rerun)


def would_run(rerun: Rerun) -> Why | None:
    """Say why some statement would run although none was edited, or None; runs nothing.

    Raises:
        Refused: Only a fresh process could carry the edit out.
    """
    for swap in rerun.edited:
        prepare(rerun, swap)
    for swap in rerun.edited:
        force_chains(swap)
        for step in swap.steps:
            if step.verdict == "run":
                refuse_mapped(rerun, swap, step.unit)
                refuse_moved(rerun, swap, step.unit)
                for name in step.unit.scan.binds:
                    refuse_fixed(rerun, swap.before.get(name, MISSING))
    see_edits(rerun)
    refuse_marked(rerun)
    refuse_taken(rerun)
    for name in _import_order(rerun):
        swap = rerun.swaps[name]
        taint(rerun, swap)
        if any(s.verdict == "docstring" for s in swap.steps):
            swap.dirty.add("__doc__")
        for step in swap.steps:
            why = (
                None if step.is_guard or step.verdict == "run" else reason_to_run(rerun, swap, step)
            )
            if why and why.kind is not Kind.DOCSTRING:
                see_once(rerun)
                return why
    done: dict[str, frozenset[str]] = {}
    while True:
        follower = next_follower(rerun, done)
        if follower is None:
            see_once(rerun)
            return None
        follower.started = True
        taint(rerun, follower)
        for step in follower.steps:
            why = None if step.is_guard else reason_to_run(rerun, follower, step)
            if why and step.unit.kind != "import":
                see_once(rerun)
                return why


def _import_order(rerun: Rerun) -> list[str]:
    if len(rerun.swaps) < 2:
        return list(rerun.swaps)
    place = {name: i for i, name in enumerate(rerun.tracker.loaded)}
    return sorted(rerun.swaps, key=lambda n: place.get(n, len(place)))


def _take_turn(rerun: Rerun, swap: ModuleSwap) -> None:
    """Run a module's statements that have to run, in file order."""
    if swap.started:
        return
    swap.started = True
    try:
        _run_statements(rerun, swap)
    finally:
        swap.seen = visible(rerun, swap)


def _run_statements(rerun: Rerun, swap: ModuleSwap) -> None:
    remove_names(rerun, swap)
    taint(rerun, swap)
    swap.running = running_line(swap.entry)
    skipped: list[tuple[Unit, bool]] = []
    for step in list(swap.steps):
        unit = step.unit
        if any(guard in skipped for guard in step.guards):
            continue
        if step.is_guard:
            way = _guard(rerun, swap, step)
            if way is not None:
                skipped.append((unit, way))
            continue
        if unit.kind == "import" or "import" in unit.segment:
            _imported_first(rerun, swap.package, unit)
            taint(rerun, swap)
        if id(unit) in swap.ran:
            continue
        why = reason_to_run(rerun, swap, step)
        if why is None:
            annotate(rerun, swap, step)
            continue
        before = len(swap.dirty)
        run_step(rerun, swap, step, why)
        if len(swap.dirty) != before:
            taint(rerun, swap)  # functions that read it, for the statements that call them


def _imported_first(rerun: Rerun, package: str, unit: Unit) -> None:
    """Let the modules of the swap that a statement imports, be it through new files, have their turn before it runs."""
    for edge in imports_of(unit, package):
        for name in (edge.module, f"{edge.module}.{edge.name}"):
            other = rerun.swaps.get(name)
            if other is not None and not other.started:
                _take_turn(rerun, other)
            elif name not in sys.modules and name not in rerun.looked_through:
                rerun.looked_through.add(name)
                for inner in _units_of_new(rerun, name):
                    _imported_first(rerun, name.rpartition(".")[0], inner)


def _units_of_new(rerun: Rerun, name: str) -> list[Unit]:
    """Give the import statements of a tracked file that nobody has imported yet; none when there is no such file."""
    parent = name.rpartition(".")[0]
    if parent and getattr(sys.modules.get(parent), "__path__", None) is None:
        return []
    try:
        spec = find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return []
    if spec is None or spec.origin is None or not rerun.tracker.is_tracked(spec.origin):
        return []
    try:
        with open(spec.origin, "rb") as file:
            units = Text(spec.origin, file.read()).units
    except (OSError, SyntaxError):
        return []  # the import itself will say so
    return [u for u in units if u.kind == "import"]


def _guard(rerun: Rerun, swap: ModuleSwap, step: Step) -> bool | None:
    """Judge an ``if`` again whose test reads something that changed; give the branch that no longer counts."""
    assumed = step.way
    reads = names_of(step.unit.test)
    chains = {tuple(c.split(".")) for c in dotted_in(step.unit.test)}
    if assumed is None or not (
        reads & visible_dirty(rerun, swap) or dirty_chain(rerun, swap, chains, "dirty")
    ):
        return None
    way = judge_by(swap.names)(step.unit.test)
    if way is None or way == assumed:
        return None
    at = swap.steps.index(step) + 1
    old = [s for s in swap.steps if any(g is step.unit for g, _ in s.guards)]
    fresh = [
        Step(u, None, "run", "branch", (*step.guards, (step.unit, way)))
        for u in step.unit.branches[0 if way else 1]
    ]
    gone = {n for s in old for n in s.unit.binds} - {n for s in fresh for n in s.unit.binds}
    for other in old:
        if not other.is_guard:
            statement_gone(rerun, swap, other.unit)
    swap.steps = [s for s in swap.steps if s not in old]
    swap.steps[at:at] = fresh
    for name in gone:
        binders = swap.binders(name)
        if binders:
            for binder in binders:
                if id(binder.unit) not in swap.ran:
                    run_step(rerun, swap, binder, Why(Kind.BRANCH_LEFT, name))
        elif name in swap.names:
            delete_name(rerun, swap, name)
    for new in fresh:
        if not new.unit.scan.irrevocable:
            _imported_first(rerun, swap.package, new.unit)
        run_step(rerun, swap, new, Why(Kind.BRANCH_TAKEN))
    return assumed


def run_step(rerun: Rerun, swap: ModuleSwap, step: Step, why: Why) -> None:
    """Run one statement and graft what it made."""
    unit = step.unit
    if id(unit) in swap.ran:
        return
    if swap.running and _not_yet(swap, step):
        if step.verdict == "run":
            raise Refused(
                f"line {unit.line} of {swap.name} was edited, but the module is still running line {swap.running}"
            )
        return
    if rerun.pinned(swap.name):
        rerun.notes.append(f"{swap.name} is pinned: {unit.label} was not run ({why})")
        swap.ran[id(unit)] = why
        return
    if unit.kind == "docstring":
        swap.ran[id(unit)] = why
        if swap.steps and unit is swap.text.units[0]:
            swap.names["__doc__"] = codes.stored_constants(swap.text.code).get("__doc__")
            swap.dirty.add("__doc__")
        return
    for name in unit.scan.binds:
        catch_up(rerun, swap, step, name)
    bring_back(rerun, swap, step)
    reach_back(rerun, swap, step)
    if take_over(rerun, swap, step, why):
        return
    execute(rerun, swap, step, why)


def _not_yet(swap: ModuleSwap, step: Step) -> bool:
    """Say whether a statement of a module that still runs stands at or behind the one that is running."""
    for other in swap.steps:
        if other.old is not None and not other.is_guard and other.old.end >= swap.running:
            return True
        if other is step:
            return False
    return False

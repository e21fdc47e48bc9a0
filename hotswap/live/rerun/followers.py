"""Which module is looked at next: those that import something that changed, the one completed first."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from hotswap.live.adapters.base import Refused
from hotswap.live.looking import mro, owner_of
from hotswap.live.rerun.changed import visible
from hotswap.live.rerun.joining import follow
from hotswap.live.rerun.looked import changed_names, may_look, others_concerned
from hotswap.live.rerun.reasons import reason_to_run
from hotswap.live.rerun.removed import leave_registries
from hotswap.live.why import Kind, Why
from hotswap.source.graph import imports_of
from hotswap.source.plan import ModulePlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import ModuleSwap, Rerun


def module_gone(rerun: Rerun, entry: Loaded) -> None:
    """A module's file was deleted: what its statements did is undone, and every import of it runs again.

    Raises:
        Refused: A statement of it did what cannot be undone.
    """
    _all_gone(rerun, entry)
    for importer in rerun.dependents.of(entry, set(), rebinding={entry.name.rpartition(".")[2]}):
        if importer.name not in rerun.tracker.loaded:
            continue
        known = rerun.swaps.get(importer.name)
        units = known.steps if known is not None else None
        package = importer.names.get("__package__") or ""
        found = []
        text = known.text if known is not None else rerun.dependents.text(importer)
        for unit in [s.unit for s in units if not s.is_guard] if units is not None else text.units:
            if unit.kind not in ("import", "try", "with", "if"):
                continue
            edges = imports_of(unit, package if isinstance(package, str) else "")
            if any(entry.name in (e.module, f"{e.module}.{e.name}") for e in edges):
                found.append(unit)
        if not found:
            continue
        swap = known if known is not None else follow(rerun, importer)
        lines = {u.line for u in found}
        for step in swap.steps:
            if not step.is_guard and step.unit.line in lines and step.verdict == "keep":
                swap.forced[id(step.unit)] = Why(Kind.MODULE_GONE, entry.name)


def _all_gone(rerun: Rerun, entry: Loaded) -> None:
    """Take all statements of a module for removed; nothing of it runs again, and its names stay as they are."""
    rerun.names_changed()
    swap = follow(rerun, entry)
    units = [step.unit for step in swap.steps if not step.is_guard]
    for unit in units:
        if unit.scan.irrevocable:
            raise Refused(
                f"{entry.name} was deleted, and its line {unit.line} {unit.scan.irrevocable}: "
                "only a fresh process undoes that"
            )
    swap.steps, swap.started = [], True
    swap.plan = ModulePlan(swap.steps, units, units)
    leave_registries(rerun, swap, units)


def next_follower(rerun: Rerun, done: dict[str, frozenset[str]]) -> ModuleSwap | None:
    """Give the module to look at next: of those that import something that changed, the one completed first."""
    waiting: dict[str, Loaded] = {}
    for source in list(rerun.swaps.values()):
        methods = {m for m, _ in source.methods}
        names = frozenset(
            source.dirty
            | source.shaped
            | source.tainted
            | source.own_tainted
            | source.readers
            | source.returned
            | methods
            | changed_names(rerun, source)
        )
        if names and done.get(source.name) != names:
            done[source.name] = names
            rebinding = source.dirty | source.shaped
            if "__getattr__" in names:  # any name that is not there
                rebinding = rebinding | {source.name.rpartition(".")[2]}
            found = rerun.dependents.of(source.entry, names, rebinding=rebinding)
            rerun.waiting.update({e.name: e for e in found})
            between = rerun.dependents.between(source.entry, source.tainted | source.readers)
            rerun.waiting.update({e.name: e for e in between})
            rerun.waiting.update({e.name: e for e in _holding(rerun, source)})
            rerun.waiting.update({e.name: e for e in _by_re_export(rerun, source, names)})
        if rerun.facts and source.name not in rerun.looked_for:
            rerun.looked_for.add(source.name)
            rerun.waiting.update({e.name: e for e in may_look(rerun, source)})
    rerun.waiting.update({e.name: e for e in others_concerned(rerun)})
    for swap in rerun.swaps.values():
        if not swap.started:  # it reads a variable that a statement changed meanwhile
            rerun.waiting[swap.name] = swap.entry
    for name, entry in list(rerun.waiting.items()):
        known = rerun.swaps.get(name)
        if known is not None and known.started and not _must_look_again(rerun, known):
            del rerun.waiting[name]
        elif rerun.pinned(name):
            del rerun.waiting[name]
            rerun.notes.append(f"{name} is pinned and was not run again")
        else:
            waiting[name] = entry
    if not waiting:
        return None
    entry = min(waiting.values(), key=lambda e: e.order)
    del rerun.waiting[entry.name]
    known = rerun.swaps.get(entry.name)
    if known is None:
        return follow(rerun, entry)
    known.started = False
    return known


def _by_re_export(rerun: Rerun, source: ModuleSwap, names: frozenset[str]) -> Iterable[Loaded]:
    """Give the modules that use a function or class of `source` which they have from a third module."""
    held = {
        id(value): (value, name.encode())
        for name in names
        if issubclass(type(value := source.names.get(name)), (FunctionType, type))
    }
    kinds = {type(value) for value, _ in held.values()}
    users: dict[str, tuple[Loaded, set[str]]] = {}
    spelling: set[str] = set()
    for entry, local, value in rerun.dependents.names.of(*kinds):
        if id(value) in held:
            users.setdefault(entry.name, (entry, set()))[1].add(local)
            if held[id(value)][1] in entry.data:
                spelling.add(entry.name)
    for name in spelling - {source.name}:
        entry, used = users[name]
        if rerun.dependents.loads(entry, used):
            yield entry


def _holding(rerun: Rerun, source: ModuleSwap) -> Iterable[Loaded]:
    """Give the modules that hold an instance of a class whose methods changed, and spell one of those methods.

    ``app = FastAPI(title=settings.title)``: it does not name the class of `settings`.
    """
    spelled = {m.encode() for _, m in source.methods if not m.startswith("__")}
    owners = {id(owner_of(source.names, f"{c}.x")) for c, m in source.methods if m}
    if not spelled:
        return
    kinds: dict[type, bool] = {}
    for entry in list(rerun.tracker.loaded.values()):
        if entry is source.entry or not any(m in entry.data for m in spelled):
            continue
        for value in list(entry.names.values()):
            kind = type(value)
            if kind not in kinds:
                kinds[kind] = any(id(base) in owners for base in mro(kind))
            if kinds[kind]:
                yield entry
                break


def _must_look_again(rerun: Rerun, swap: ModuleSwap) -> bool:
    """Say whether a module that had its turn reads something that changed afterwards (import cycles)."""
    fresh = visible(rerun, swap) - swap.seen
    if not fresh:
        return False
    again = False
    for step in swap.steps:
        unit = step.unit
        if step.is_guard or id(unit) not in swap.ran or unit.scan.irrevocable or unit.scan.hard:
            continue
        reads = unit.scan.reads | {".".join(c) for c in unit.scan.chains}
        if reads & fresh or (unit.kind == "import" and set(unit.scan.binds) & fresh):
            del swap.ran[id(unit)]
            again = True
    return again or any(
        not s.is_guard and id(s.unit) not in swap.ran and reason_to_run(rerun, swap, s) is not None
        for s in swap.steps
    )

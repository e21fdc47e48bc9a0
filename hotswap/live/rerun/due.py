"""Objects that are due to be filled anew, and the modules that join the swap for it."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from hotswap.live.gathered import containers_of
from hotswap.live.rerun.fillers import (
    adapter_of,
    effects_of,
    maker_of,
    rebuildable,
    targets,
    value_at,
)
from hotswap.live.rerun.frameworks import open_registry, ran_facts
from hotswap.live.rerun.joining import follow
from hotswap.live.why import Kind, Why

if TYPE_CHECKING:
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.units import Unit


def schedule(rerun: Rerun, key: Key) -> None:
    """Let an object be filled anew."""
    if key in rerun.refill.due:
        return
    value = value_at(rerun, key)
    if adapter_of(rerun, value) is not None:
        registry = open_registry(rerun, key, value)
        registry.replayed = True
    elif not rebuildable(rerun, key):
        return
    for module in importers(rerun, key):
        join(rerun, module)
    rerun.refill.due.add(key)
    if issubclass(type(value), type):
        _empty_class(rerun, key, value)
    owner = rerun.swaps.get(key[0])
    if owner is None:
        join(rerun, key[0])
        owner = rerun.swaps.get(key[0])
    if owner is not None:
        owner.rebuilt.add(key[1])
        if owner.started:
            make_now(rerun, owner, key)


def _empty_class(rerun: Rerun, key: Key, cls: type) -> None:
    """A class whose attributes statements outside its body fill: those attributes are not kept."""
    place = (cls.__module__, cls.__qualname__)
    names: set[str] = set()
    for swap in list(rerun.swaps.values()):
        units = [s.unit for s in swap.steps if not s.is_guard] + (
            swap.plan.removed if swap.plan else []
        )
        for unit in units:
            if unit.kind not in ("import", "docstring") and key in targets(rerun, swap, unit):
                names |= {c[1] for c in unit.scan.chains if len(c) > 1 and c[0] == key[1]}
                if (key[1], "") in unit.scan.assigns and unit.kind in ("for", "expr", "with"):
                    rerun.graft.told.emptied.add(place)
    rerun.graft.told.refilled[place] = frozenset(names)
    held = containers_of(cls).items()
    was = rerun.tracker.loaded[key[0]].built.get(key[1])
    rerun.refill.attributes[key] = was, {name: inner for name, inner in held if name in names}


def join(rerun: Rerun, module: str) -> None:
    """Let a module join the swap, unless it is in it, is pinned, or is none of ours."""
    entry = rerun.tracker.loaded.get(module)
    if entry is not None and module not in rerun.swaps and not rerun.pinned(module):
        follow(rerun, entry)


def importers(rerun: Rerun, key: Key) -> list[str]:
    """Give the modules that load the object while they are imported, or a function of its module that fills it.

    ``@command("roll")`` fills ``COMMANDS`` from a module that never names it, and may come by way of a package.
    """
    entry = rerun.tracker.loaded.get(key[0])
    if entry is None:
        return []
    value = entry.names.get(key[1])
    through = {
        name: function
        for name, function in list(entry.names.items())
        if type(function) is FunctionType and key in effects_of(rerun, function)
    }
    found = {e.name: e for e in rerun.dependents.of(entry, {key[1], *through}, rebinding=set())}
    held = {id(value), *map(id, through.values())}
    spelled = [name.encode() for name in (key[1], *through)]
    for other in list(rerun.tracker.loaded.values()):
        if other is not entry and any(name in other.data for name in spelled):
            if any(id(v) in held for v in list(other.names.values())):
                found[other.name] = other
    return list(found)


def make_now(rerun: Rerun, owner: ModuleSwap, key: Key) -> None:
    """The module has passed the object's binder already: run it now, and the fillers that were passed."""
    step = maker_of(rerun, key)
    if step is not None and id(step.unit) not in owner.ran:
        rerun.run_step(rerun, owner, step, Why(Kind.FILLED_ANEW, key[1]))


def touch(
    rerun: Rerun,
    key: Key,
    swap: ModuleSwap,
    *,
    ran: Unit | None = None,
    removed: Unit | None = None,
) -> None:
    """Note which definition of a framework's registry ran or is gone; it is due when it cannot take that in place."""
    registry = open_registry(rerun, key, value_at(rerun, key))
    if ran is not None:
        registry.ran.setdefault(swap.name, set()).add(ran.name)
    if removed is not None:
        registry.removed.setdefault(swap.name, set()).add(removed.name)
    if registry.replayed:
        return
    ready = registry.adapter.in_place(
        registry.obj, registry.token, ran_facts(rerun, registry, swap)
    )
    if not ready:
        schedule(rerun, key)

"""Frameworks' registries within one swap: asked, opened, told what ran (their rules: live/adapters/base.py)."""

from __future__ import annotations

import ast
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from hotswap.live import factories
from hotswap.live.adapters.base import Adapter, Ran, Refused
from hotswap.live.rerun.fillers import adapter_of, only_state, targets
from hotswap.live.rerun.state import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.units import Unit


def constructed(rerun: Rerun, names: Mapping[str, Any], made: ast.stmt, value: Any) -> bool:
    """Say whether a registry was made by a statement that calls its own class, and that class is a library's."""
    call = getattr(made, "value", None)
    if adapter_of(rerun, value) is None or not isinstance(call, ast.Call):
        return False
    function: Any = call.func
    first = names.get(function.id) if isinstance(function, ast.Name) else None
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        holder = names.get(function.value.id)
        first = holder.__dict__.get(function.attr) if type(holder) is ModuleType else None
    return first is type(value) and first.__module__ not in rerun.tracker.loaded


def refuse_bodies(rerun: Rerun, replaced: Mapping[CodeType, CodeType]) -> None:
    """Ask every live registry whether it can take the new bodies, before anything is changed.

    Raises:
        Refused: An adapter says that only a fresh process can.
    """
    rerun.refill.replaced = replaced
    if not rerun.refill.active:
        return
    for registry, adapter in live_registries(rerun):
        reason = adapter.refusal(registry, replaced)
        if reason:
            raise Refused(reason)


def live_registries(rerun: Rerun) -> Sequence[tuple[Any, Adapter]]:
    """Give every registry that a tracked module holds, or that was registered by the session."""
    if rerun.refill.registries is None:
        rerun.refill.registries = list(_registries(rerun))
    return rerun.refill.registries


def _registries(rerun: Rerun) -> Iterator[tuple[Any, Adapter]]:
    seen: set[int] = set()
    names = rerun.dependents.names
    owned = [type(one) for one in names.samples() if adapter_of(rerun, one) is not None]
    held = [value for _, _, value in names.of(*owned)]
    for value in (*held, *(r.app for r in factories.registrations)):
        adapter = adapter_of(rerun, value)
        if adapter is not None and id(value) not in seen:
            seen.add(id(value))
            yield value, adapter


def open_registry(rerun: Rerun, key: Key, value: Any) -> Registry:
    """Take a registry's checkpoint when this swap first touches it.

    Raises:
        Refused: Its adapter says that it cannot change while it lives.
    """
    registry = rerun.refill.touched.get(id(value))
    if registry is None:
        adapter = adapter_of(rerun, value)
        assert adapter is not None
        fixed = adapter.fixed(value)
        if fixed:
            raise Refused(fixed)
        registry = Registry(adapter, value, key, adapter.checkpoint(value, rerun.journal))
        rerun.refill.touched[id(value)] = registry
        note_copied(rerun, registry)
    return registry


def note_copied(rerun: Rerun, registry: Registry) -> None:
    """Where including a registry copies its entries, the including statements have to run again."""
    if registry.adapter.copies(registry.obj):
        rerun.refill.copied.add(registry.key)


def ran_facts(rerun: Rerun, registry: Registry, swap: ModuleSwap) -> Ran:
    """Give what its adapter has to know of one module's statements."""
    order = _order(rerun, registry, swap)
    return Ran(
        swap.entry.names.get("__name__", swap.name),
        frozenset(registry.ran.get(swap.name, ())),
        frozenset(registry.removed.get(swap.name, ())),
        order,
        registry.replayed,
        _renamed(rerun, registry, swap, order),
    )


def _order(rerun: Rerun, registry: Registry, swap: ModuleSwap) -> list[str]:
    """Give the statements that fill a registry, in file order.

    Asked for each endpoint that runs again. What it depends on is what names are bound to, which the run of an
    endpoint's statement seldom changes: old functions keep their identity.
    """
    seen = (
        swap.steps,
        len(swap.steps),
        list(map(id, swap.names.values())),
        sum(len(other.dirty) for other in rerun.swaps.values()),
    )
    known = registry.orders.get(swap.name)
    if known is not None and known[0][0] is swap.steps and known[0][1:] == seen[1:]:
        return known[1]
    order = _fillers(rerun, registry, swap, [s.unit for s in swap.steps if not s.is_guard])
    registry.orders[swap.name] = (seen, order)
    return order


def _fillers(
    rerun: Rerun, registry: Registry, swap: ModuleSwap, units: Iterable[Unit]
) -> list[str]:
    return [
        unit.name if unit.kind == "def" else ""
        for unit in units
        if unit.kind not in ("import", "docstring")
        and registry.key in targets(rerun, swap, unit)
        and not only_state(rerun, unit, registry.key)
    ]


def _renamed(
    rerun: Rerun, registry: Registry, swap: ModuleSwap, order: list[str]
) -> dict[str, str]:
    """Give new name -> old name where nothing but names of definitions differs in the order of the statements."""
    removed = registry.removed.get(swap.name)
    if not removed or swap.plan is None:
        return {}
    before = _fillers(rerun, registry, swap, swap.plan.before)
    if len(before) != len(order):
        return {}
    pairs = {new: old for old, new in zip(before, order, strict=True) if old != new}
    known = "" not in pairs and set(pairs.values()) <= removed and not set(pairs) & set(before)
    return pairs if known else {}

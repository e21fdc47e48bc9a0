"""What changed, as one module spells it: its own names, names it imported, attributes of modules it imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotswap.source import codes
from hotswap.source.graph import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.live.rerun.state import ModuleSwap, Rerun


def visible_dirty(rerun: Rerun, swap: ModuleSwap) -> set[str]:
    """Give the names, as this module spells them, whose value changed."""
    found = set(swap.dirty)
    for local, edge in swap.edges.items():
        other = rerun.swaps.get(edge.module)
        if other is not None and edge.name in other.dirty:
            found.add(local)
    return found


def visible(rerun: Rerun, swap: ModuleSwap) -> set[str]:
    """Give what is dirty as this module spells it: names, and chains into modules."""
    found = visible_dirty(rerun, swap)
    for step in swap.steps:
        if not step.is_guard:
            for chain in step.unit.scan.chains:
                if dirty_chain(rerun, swap, (chain,), "dirty"):
                    found.add(".".join(chain))
    return found


def dirty_chain(
    rerun: Rerun, swap: ModuleSwap, chains: Iterable[tuple[str, ...]], what: str
) -> str:
    """Give ``mod.NAME`` of the first attribute chain into a module whose name is dirty, shaped or tainted."""
    for chain in chains:
        if chain[0] not in swap.edges:
            continue
        found = resolve(chain, swap.edges, rerun.tracker.loaded.__contains__)
        if found is None:
            continue
        other = rerun.swaps.get(found[0])
        if other is not None and found[1] in getattr(other, what):
            return ".".join(chain)
    return ""


def chain_value(rerun: Rerun, swap: ModuleSwap, chain: str) -> Any:
    """Give what ``mod.NAME`` is now."""
    found = resolve(tuple(chain.split(".")), swap.edges, rerun.tracker.loaded.__contains__)
    return rerun.swaps[found[0]].names.get(found[1]) if found is not None else None


def taint(rerun: Rerun, swap: ModuleSwap) -> None:
    """Spread from functions that changed to those that call them, by global name."""
    for local, edge in swap.edges.items():
        other = rerun.swaps.get(edge.module)
        if other is not None and edge.name in other.tainted:
            swap.tainted.add(local)
            if edge.name in other.own_tainted:
                swap.own_tainted.add(local)
    if not swap.tainted:
        return
    functions = {c.co_name: codes.names_used(c) for c in codes.children(swap.text.code)}
    grew = True
    while grew:
        grew = False
        for name, used in functions.items():
            if (
                name not in swap.tainted
                and used & swap.tainted
                and not isinstance(swap.names.get(name), type)
            ):
                swap.tainted.add(name)
                grew = True

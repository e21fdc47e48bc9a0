"""What changed, as one module spells it: its own names, names it imported, attributes of modules it imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

from hotswap.live.rerun.looked import readers
from hotswap.source import codes
from hotswap.source.graph import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

    from hotswap.live.rerun.state import ModuleSwap, Rerun

Facet = Literal["dirty", "shaped", "tainted", "own_tainted", "returned", "readers"]
"""Which of a `ModuleSwap`'s sets of changed names."""


def visible_dirty(rerun: Rerun, swap: ModuleSwap) -> set[str]:
    """Give the names, as this module spells them, whose value changed."""
    found = set(swap.dirty)
    for local, edge in swap.edges.items():
        other = rerun.swaps.get(edge.module)
        changed = other is not None and (
            edge.name in other.dirty or answers_otherwise(other, edge.name)
        )
        if changed or set_before(rerun, swap, (edge.module, edge.name or "")):
            found.add(local)
    return found


def set_before(rerun: Rerun, swap: ModuleSwap, key: tuple[str, str]) -> bool:
    """Say whether another module has set the name, and did so before this one was imported: ``config.DEBUG = True``."""
    order = rerun.assigned.get(key)
    return order is not None and order < swap.entry.order and key[0] != swap.name


def visible_shaped(rerun: Rerun, swap: ModuleSwap) -> set[str]:
    """Give the names, as this module spells them, of what kept its identity and changed shape."""
    found = set(swap.shaped)
    for local, edge in swap.ways:
        other = rerun.swaps.get(edge.module)
        if other is not None and edge.name in other.shaped:
            found.add(local)
    return found


def answers_otherwise(other: ModuleSwap, name: str | None) -> bool:
    """Say whether a module's ``__getattr__`` gives a name, and that function, or what it reads, is another one now."""
    if name is None or name == "*" or name in other.names:
        return False
    changed = ("__getattr__" in facet for facet in (other.dirty, other.tainted, other.readers))
    return any(changed) and f"{other.name}.{name}" not in sys.modules


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
    rerun: Rerun, swap: ModuleSwap, chains: Iterable[tuple[str, ...]], what: Facet
) -> str:
    """Give ``mod.NAME`` of the first attribute chain into a module whose name is dirty, shaped or tainted."""
    for chain in chains:
        if chain[0] not in swap.edges:
            continue
        found = resolve(chain, swap.edges, rerun.tracker.loaded.__contains__)
        if found is None:
            continue
        if what == "dirty" and set_before(rerun, swap, found):
            return ".".join(chain)
        other = rerun.swaps.get(found[0])
        if other is None:
            continue
        if found[1] in getattr(other, what):
            return ".".join(chain)
        if what == "dirty" and answers_otherwise(other, found[1]):
            return ".".join(chain)
    return ""


def named_by(rerun: Rerun, swap: ModuleSwap, chain: str) -> str:
    """Give ``mod.Item`` of ``mod.Item.LIMIT``: what the chain reads of the module."""
    parts = tuple(chain.split("."))
    tracked = rerun.tracker.loaded.__contains__
    found = resolve(parts, swap.edges, tracked)
    ends = (n for n in range(2, len(parts)) if resolve(parts[:n], swap.edges, tracked) == found)
    return ".".join(parts[: next(ends, len(parts))])


def chain_value(rerun: Rerun, swap: ModuleSwap, chain: str) -> Any:
    """Give what ``mod.NAME`` is now."""
    found = resolve(tuple(chain.split(".")), swap.edges, rerun.tracker.loaded.__contains__)
    return rerun.swaps[found[0]].names.get(found[1]) if found is not None else None


def taint(rerun: Rerun, swap: ModuleSwap) -> None:
    """Spread from functions that changed, or read a value that changed, to those that call them, by global name."""
    for local, edge in swap.ways:
        other = rerun.swaps.get(edge.module)
        if other is not None:
            for ours, theirs in (
                (swap.tainted, other.tainted),
                (swap.own_tainted, other.own_tainted),
                (swap.readers, other.readers),
                (swap.returned, other.returned),
            ):
                if edge.name in theirs:
                    ours.add(local)
    dirty = any(s.dirty for s in rerun.swaps.values())
    if not (swap.tainted or swap.readers or dirty or rerun.facts):
        return
    functions = _functions(swap)
    swap.readers |= readers(rerun, swap, functions)
    if dirty:
        swap.readers |= _readers(rerun, swap, functions)
    for spread in (swap.tainted, swap.readers):
        grew = bool(spread)
        while grew:
            grew = False
            for name, (used, _) in functions.items():
                if name not in spread and used & spread:
                    if not isinstance(swap.names.get(name), type):
                        spread.add(name)
                        grew = True


def _functions(swap: ModuleSwap) -> Mapping[str, tuple[set[str], CodeType]]:
    """Give the names that each function of a module uses, and its code."""
    whole = swap.text.code
    if swap.used[0] is not whole:  # asked after each statement that ran
        made = [c for c in codes.children(whole) if not codes.is_class_body(c)]
        swap.used = whole, {c.co_name: (codes.names_used(c), c) for c in made}
    return swap.used[1]


def _readers(
    rerun: Rerun, swap: ModuleSwap, functions: Mapping[str, tuple[set[str], CodeType]]
) -> set[str]:
    """Give the functions that read a global bound to another value; content changed in place is state."""
    rebound = {n for n in visible_dirty(rerun, swap) if swap.names.get(n) is not swap.before.get(n)}
    attributes = {n for s in rerun.swaps.values() if s is not swap for n in s.dirty}
    found = set()
    for name, (used, code) in functions.items():
        if used & (rebound | attributes):
            chains = codes.global_chains(code)
            if any(c[0] in rebound for c in chains) or dirty_chain(rerun, swap, chains, "dirty"):
                found.add(name)
    return found

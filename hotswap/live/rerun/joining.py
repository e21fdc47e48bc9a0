"""A module joins the swap: its names are remembered, its imports resolved, its statements laid out."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from hotswap.live import registries
from hotswap.live.rerun.branches import as_they_were, judge_by
from hotswap.live.rerun.state import ModuleSwap
from hotswap.source import codes
from hotswap.source.graph import Edge, imports_of, public_names
from hotswap.source.plan import Step, flatten

if TYPE_CHECKING:
    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import Rerun


def follow(rerun: Rerun, entry: Loaded) -> ModuleSwap:
    """Let a module join that was not edited: its statements run only where they follow."""
    text = rerun.dependents.text(entry)
    judge = judge_by(entry.names, as_they_were(rerun, entry.names))
    steps = [
        Step(
            unit,
            unit if way is None else None,
            "keep",
            "" if way is None else "guard",
            guards,
            is_guard=way is not None,
            way=way,
        )
        for unit, guards, way in flatten(text.units, judge)
    ]
    swap = ModuleSwap(entry, text, None, steps, entry.names, dict(entry.names))
    rerun.swaps[entry.name] = swap
    prepare(rerun, swap)
    return swap


def prepare(rerun: Rerun, swap: ModuleSwap) -> None:
    """Remember a module's names, resolve its imports, and note which of its functions changed."""
    names = swap.names
    swap.before = dict(names)
    rerun.journal.content(names)
    registries.snapshot_names(rerun.journal, names, rerun.seen)
    for step in swap.steps:
        if step.unit.kind in ("import", "try", "if", "with"):
            for edge in imports_of(step.unit, swap.package):
                if edge.name == "*":
                    _star(swap, edge)
                elif edge.local:
                    swap.edges[edge.local] = edge
    own_changed = rerun.own_changed.get(swap.name, ())
    makers = _makers(swap) if any("<locals>" in q for q in own_changed) else set()
    for qualname in own_changed:
        outer, _, inner = qualname.partition(".<locals>.")
        if inner:
            if "." not in outer and qualname in makers:
                swap.own_tainted.add(outer)  # counts where it decorates, not where it is called
            continue
        owner, _, method = qualname.rpartition(".")
        if owner:
            swap.methods.add((owner, method))
        else:
            swap.tainted.add(method)
            swap.own_tainted.add(method)
    rerun.dirty[swap.name] = swap.dirty


def _makers(swap: ModuleSwap) -> set[str]:
    """Give the qualnames of nested functions that define functions themselves: a decorator that takes arguments.

    They ran when they decorated; what they made lives on, and follows only when they run again.
    """
    return {
        code.co_qualname
        for code in codes.walk(swap.text.code)
        if any(
            not inner.co_name.startswith("<") and not codes.is_class_body(inner)
            for inner in codes.children(code)
        )
    }


def _star(swap: ModuleSwap, edge: Edge) -> None:
    module = sys.modules.get(edge.module)
    if isinstance(module, ModuleType):
        for name in public_names(module.__dict__):
            swap.edges.setdefault(name, Edge(name, edge.module, name))

"""A module joins the swap: its names are remembered, its imports resolved, its statements laid out."""

from __future__ import annotations

import ast
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from hotswap.live import registries
from hotswap.live.rerun.branches import as_they_were, judge_by
from hotswap.live.rerun.state import ModuleSwap
from hotswap.source import codes
from hotswap.source.graph import Edge, imports_of, public_names
from hotswap.source.guards import flatten
from hotswap.source.plan import Step

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
    for local, edge in list(swap.edges.items()):
        value = names.get(local)
        if issubclass(type(value), (FunctionType, type)) and value.__module__ != edge.module:
            home = rerun.tracker.loaded.get(str(value.__module__))
            if home is not None and home.names.get(value.__qualname__) is value:  # type: ignore[union-attr]
                swap.origins[local] = Edge(local, home.name, value.__qualname__)  # type: ignore[union-attr]
    own_changed = rerun.own_changed.get(swap.name, ())
    makers = _makers(swap) if any("<locals>" in q for q in own_changed) else set()
    for changed in own_changed:
        outer, _, inner = changed.partition(".<locals>.")
        if inner and "." not in outer and changed in makers:
            swap.own_tainted.add(outer)  # counts where it decorates, not where it is called
        qualname = _outermost(swap, changed) if inner else changed
        if not qualname:
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


def _outermost(swap: ModuleSwap, qualname: str) -> str:
    """Give the function that a changed nested one runs with, ``""`` when it may run later only.

    ``build.<locals>.item`` runs with `build` when that calls it by name; what `build` merely returns is noted.
    """
    outer, *inner = qualname.split(".<locals>.")
    node = _definition(swap, outer)
    for depth, name in enumerate(inner):
        if node is None:
            return ""
        called, returned, nested = _of_body(node)
        if name not in called:
            if depth == len(inner) - 1 == 0 and name in returned:
                swap.returned.add(outer)
            return ""
        node = nested.get(name)
    return outer


def _definition(swap: ModuleSwap, qualname: str) -> ast.AST | None:
    """Give the definition of a function, or of a method, of the new source."""
    first, _, method = qualname.partition(".")
    for step in swap.steps:
        if not step.is_guard and step.unit.kind in ("def", "class") and step.unit.name == first:
            members = [m for m in step.unit.members if m.kind == "def"] if method else [step.unit]
            return next((m.node for m in members if m.name == (method or first)), None)
    return None


def _of_body(node: ast.AST) -> tuple[set[str], set[str], dict[str, ast.AST]]:
    """Give the names that a function itself calls, those it returns, and the functions nested in it."""
    called: set[str] = set()
    returned: set[str] = set()
    nested: dict[str, ast.AST] = {}
    stack = list(ast.iter_child_nodes(node))
    while stack:
        part = stack.pop()
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
            nested[part.name] = part
            stack += part.decorator_list
            continue
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            called.add(part.func.id)
        if isinstance(part, ast.Return) and isinstance(part.value, ast.Name):
            returned.add(part.value.id)
        stack += ast.iter_child_nodes(part)
    return called, returned, nested


def _star(swap: ModuleSwap, edge: Edge) -> None:
    module = sys.modules.get(edge.module)
    if isinstance(module, ModuleType):
        for name in public_names(module.__dict__):
            swap.edges.setdefault(name, Edge(name, edge.module, name))

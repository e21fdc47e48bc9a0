"""Instances that a statement made in passing: ``app.include_router(Items().router)``.

They are state, like all instances, so their statement does not run again for a new ``__init__``; and nobody holds them
by a name through which they could be brought up to date.
"""

from __future__ import annotations

import ast
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.looking import owner_of
from hotswap.live.rerun.branches import is_main_guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import ModuleSwap, Rerun

MAKING: Final = frozenset({"__init__", "__new__", "__post_init__"})
"""What runs when a class is called."""


def made_in_passing(rerun: Rerun, swap: ModuleSwap, qualname: str) -> str:
    """Name a statement that ran a method on an instance which it made itself, and that did not run again.

    Args:
        rerun: The statements of the batch, which have run.
        swap: The module of the method's class.
        qualname: The method, or property.

    Returns:
        ``line 11 of main``; an empty string when there is none.
    """
    cls = owner_of(swap.names, qualname)
    if cls is None:
        return ""
    method = qualname.rpartition(".")[2]
    readers = rerun.dependents.of(swap.entry, {cls.__name__}, rebinding=set())
    for entry in (swap.entry, *readers):
        for statement in _kept(rerun, entry):
            if any(_runs(n, cls, method, entry.names) for n in ast.walk(statement)):
                return f"line {statement.lineno} of {entry.name}"
    return ""


def _kept(rerun: Rerun, entry: Loaded) -> Iterator[ast.Expr]:
    """Give the expression statements of a module that did not run again, but for those that run the program."""
    swap = rerun.swaps.get(entry.name)
    if swap is None:
        yield from (node for node in ast.parse(entry.data).body if isinstance(node, ast.Expr))
        return
    for step in swap.steps:
        unit = step.unit
        if step.is_guard or id(unit) in swap.ran or unit.scan.irrevocable:
            continue
        if any(is_main_guard(guard) for guard, _ in step.guards):
            continue
        if isinstance(unit.node, ast.Expr) and not (swap.running and unit.end >= swap.running):
            yield unit.node


def _runs(node: ast.AST, cls: type, method: str, names: Mapping[str, Any]) -> bool:
    if method in MAKING:
        return isinstance(node, ast.Call) and _value(node.func, names) is cls
    return (
        isinstance(node, ast.Attribute)
        and node.attr == method
        and isinstance(node.value, ast.Call)
        and _value(node.value.func, names) is cls
    )


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Give what a name, or a name in a module, is."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        holder = _value(node.value, names)
        return holder.__dict__.get(node.attr) if type(holder) is ModuleType else None
    return None

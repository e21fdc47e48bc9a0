"""A class statement under another name, and the same otherwise: its class is the one that it was."""

from __future__ import annotations

import ast
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live.looking import class_dict
from hotswap.live.rerun.deltas import class_delta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit


def renamed(rerun: Rerun, swap: ModuleSwap, unit: Unit, new: type) -> Any:
    """A class under another name, and the same otherwise, is the same class: its instances are of it still.

    So is one whose old name is another name for it now: ``class Relay: ...`` and ``_Relay = Relay``, or back.
    """
    twin = _twin(swap, unit)
    old = swap.before.get(twin.name) if twin is not None else None
    if twin is None or not isinstance(old, type) or type(old) is not type(new):
        return new
    if (old.__module__, old.__qualname__) != (new.__module__, twin.name):
        return new
    class_delta(rerun, swap, unit, twin)
    _call(old, unit.name)  # before what reads it: a model's schema
    rerun.journal.undo(partial(_call, old, twin.name))
    merged = rerun.graft.merge(old, new)
    if merged is old:
        swap.shaped.add(unit.name)
    else:
        _call(old, twin.name)
    return merged


def _twin(swap: ModuleSwap, unit: Unit) -> Unit | None:
    """Give the class statement that is gone and of which a new one is the successor under another name."""
    gone, came = _removed_classes(swap), _new_classes(swap)
    now = {name: s.unit for s in swap.steps if s.situation == "new" for name in s.unit.binds}
    for one in gone:
        if _names(now.get(one.name), unit) or _names(swap.last_before(unit.name), one):
            return one
    names = {u.name for u in (*gone, *came)}
    twins = [u for u in gone if _body(u, names) == _body(unit, names)]
    namesakes = [u for u in came if _body(u, names) == _body(unit, names)]
    return twins[0] if len(twins) == len(namesakes) == 1 else None


def aliased(swap: ModuleSwap, unit: Unit, old: Any) -> bool:
    """Say whether the name of a new class was another name for a class that is gone."""
    before = swap.last_before(unit.name)
    return isinstance(old, type) and any(_names(before, one) for one in _removed_classes(swap))


def _names(alias: Unit | None, definition: Unit) -> bool:
    """Say whether an assignment gives a definition another name."""
    value = alias.value if alias is not None and alias.kind == "assign" else None
    return isinstance(value, ast.Name) and value.id == definition.name


def _call(cls: type, qualname: str) -> None:
    """Give a class another name, past its metaclass, and so those nested in it and its methods."""
    before = cls.__qualname__
    type.__setattr__(cls, "__name__", qualname.rpartition(".")[2])
    type.__setattr__(cls, "__qualname__", qualname)
    for inner in class_dict(cls).values():
        if isinstance(inner, type):
            if inner.__qualname__ == f"{before}.{inner.__name__}":
                _call(inner, f"{qualname}.{inner.__name__}")
            continue
        parts: tuple[Any, ...] = (inner,)
        if type(inner) is property:
            parts = (inner.fget, inner.fset, inner.fdel)
        for part in parts:
            function = part.__func__ if type(part) in (staticmethod, classmethod) else part
            if type(function) is FunctionType and function.__qualname__.startswith(f"{before}."):
                function.__qualname__ = qualname + function.__qualname__[len(before) :]


def _removed_classes(swap: ModuleSwap) -> list[Unit]:
    return [u for u in swap.plan.removed if u.kind == "class"] if swap.plan is not None else []


def _new_classes(swap: ModuleSwap) -> list[Unit]:
    return [s.unit for s in swap.steps if s.situation == "new" and s.unit.kind == "class"]


def _body(unit: Unit, names: Iterable[str]) -> str:
    """Spell a class statement without the names of classes that came or went."""
    text = ast.dump(unit.node)
    for name in names:
        text = text.replace(f"'{name}'", "'?'")
    return text

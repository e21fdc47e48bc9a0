"""Names whose statements are gone: deleted, with their annotations and what registries hold of them."""

from __future__ import annotations

import ast
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Refused
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, instance_dict
from hotswap.live.redirecting import drop_dead
from hotswap.live.rerun.dynamic import forget_dynamic, is_dynamic
from hotswap.live.weakly import drop_weak
from hotswap.source import codes
from hotswap.source.graph import absolute, public_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit


def _attributes_gone(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """A statement is gone: so is what it set on other objects."""
    for name, attribute in unit.scan.assigns:
        _attribute_gone(rerun, swap, unit, name, attribute)


def _attribute_gone(rerun: Rerun, swap: ModuleSwap, unit: Unit, name: str, attribute: str) -> None:
    """``C.attr = value`` is gone: so is the attribute, where nobody else made it."""
    value = swap.names.get(name, MISSING)
    if not attribute or value is MISSING:
        return
    still = any((name, attribute) in s.unit.scan.assigns for s in swap.steps if not s.is_guard)
    if still:
        return
    if isinstance(value, type):
        definition = next(
            (s.unit for s in swap.steps if s.unit.kind == "class" and s.unit.name == name), None
        )
        in_body = definition is not None and any(attribute in m.binds for m in definition.members)
        if attribute in class_dict(value) and not in_body:
            rerun.journal.delattr(value, attribute)
    elif type(value) is FunctionType:
        if attribute in value.__dict__:
            rerun.journal.content(value.__dict__)
            del value.__dict__[attribute]
    elif isinstance(value, ModuleType):
        raise Refused(
            f"line {unit.line} of {swap.name} was removed: it set {name}.{attribute} in another module"
        )
    else:
        namespace = instance_dict(value)
        if namespace is not None and attribute in namespace:
            rerun.journal.content(namespace)
            del namespace[attribute]


def remove_names(rerun: Rerun, swap: ModuleSwap) -> None:
    """Delete what only statements bound that the new source no longer has."""
    if swap.plan is None:
        return
    bound = {name for s in swap.steps if not s.is_guard for name in s.unit.scan.binds}
    for unit in swap.plan.removed:
        if is_dynamic(unit):
            forget_dynamic(rerun, swap)
        if unit.kind == "docstring" and "__doc__" not in codes.stored_constants(swap.text.code):
            swap.names["__doc__"] = None
            swap.dirty.add("__doc__")
        for name in unit.binds:
            if name in bound or name not in swap.names or name in swap.deleted:
                continue
            if unit.kind == "import" and _is_submodule(swap, name):
                continue
            delete_name(rerun, swap, name, unit)
        if unit.stars:
            star_gone(rerun, swap, unit, wholly=True)
        _attributes_gone(rerun, swap, unit)
    for name in _annotated(swap.plan.before) - _annotated(s.unit for s in swap.steps):
        _forget_annotation(rerun, swap, name)
    for step in swap.steps:
        if step.old is None or step.verdict == "keep":
            continue
        for name in set(step.old.scan.binds) - bound:
            if name in swap.names and not (step.old.kind == "import" and _is_submodule(swap, name)):
                delete_name(rerun, swap, name, step.old)


def _annotated(units: Iterable[Unit]) -> set[str]:
    """Give the names that annotated statements put into the module's ``__annotations__``."""
    targets = [u.node.target for u in units if isinstance(u.node, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def delete_name(rerun: Rerun, swap: ModuleSwap, name: str, unit: Unit | None = None) -> None:
    """Delete a name; what `unit` defined under it also leaves the containers that hold it."""
    dead = swap.names.pop(name)
    rerun.names_changed()
    _forget_annotation(rerun, swap, name)
    swap.dirty.add(name)
    swap.deleted.add(name)
    if (
        unit is None
        or unit.kind not in ("def", "class")
        or not isinstance(dead, (FunctionType, type))
    ):
        return
    if any(v is dead for v in swap.names.values()):
        return
    _take_out(rerun, unit, dead, _containers(rerun))


def _take_out(rerun: Rerun, unit: Unit, dead: Any, holders: set[int]) -> None:
    drop_weak(dead, rerun.journal, lambda c: id(c) in holders)
    if drop_dead(dead, rerun.journal, lambda c: id(c) in holders):
        rerun.notes.append(f"{unit.label} was taken out of the registries that held it")


def leave_registries(rerun: Rerun, swap: ModuleSwap, units: Iterable[Unit]) -> None:
    """What a deleted module defined leaves the containers that hold it; its names stay for what still runs in it."""
    holders: set[int] | None = None
    for unit in units:
        dead = swap.names.get(unit.name) if unit.kind in ("def", "class") else None
        if issubclass(type(dead), (FunctionType, type)) and dead.__module__ == swap.name:
            holders = _containers(rerun) if holders is None else holders
            _take_out(rerun, unit, dead, holders)


def _is_submodule(swap: ModuleSwap, name: str) -> bool:
    """``from . import sub`` removed from a package: the attribute stays while the submodule is loaded."""
    return f"{swap.name}.{name}" in sys.modules


def _forget_annotation(rerun: Rerun, swap: ModuleSwap, name: str) -> None:
    annotations = swap.names.get("__annotations__")
    if isinstance(annotations, dict) and name in annotations:
        rerun.journal.content(annotations)
        del annotations[name]
        if not annotations:
            del swap.names["__annotations__"]  # a module without annotations is born without


def _containers(rerun: Rerun) -> set[int]:
    """Give the ids of the containers that tracked modules, their classes and instances hold."""
    found: set[int] = set()
    for entry in rerun.tracker.loaded.values():
        for value in list(entry.names.values()):
            if issubclass(type(value), (list, dict, set)):
                found.add(id(value))
                if issubclass(type(value), dict):
                    found.update(
                        id(v) for v in dict.values(value) if issubclass(type(v), (list, dict, set))
                    )
            elif isinstance(value, type) and value.__module__ == entry.name:
                own = class_dict(value)
                found.update(id(v) for v in own.values() if issubclass(type(v), (list, dict, set)))
            else:
                inside = instance_dict(value) if not isinstance(value, ModuleType) else None
                if inside is not None:
                    found.update(
                        id(v) for v in inside.values() if issubclass(type(v), (list, dict, set))
                    )
    return found


def _brought(swap: ModuleSwap, unit: Unit) -> Iterator[str]:
    """Give the names that a star import brings now."""
    for level, module in unit.stars:
        target = sys.modules.get(absolute(level, module, swap.package))
        if isinstance(target, ModuleType):
            yield from public_names(target.__dict__)


def star_gone(rerun: Rerun, swap: ModuleSwap, unit: Unit, *, wholly: bool = False) -> None:
    """Delete the names that only the star import had brought and that no longer exist.

    Args:
        rerun: The statements of the batch.
        swap: The module that has, or had, the star import.
        unit: The star import.
        wholly: It is gone: so are all names that it alone brought.
    """
    units = [s.unit for s in swap.steps if not s.is_guard]
    bound = {n for u in units for n in u.scan.binds}
    bound.update(n for u in units for n in _brought(swap, u))
    for level, module in unit.stars:
        source = absolute(level, module, swap.package)
        target = sys.modules.get(source)
        if not isinstance(target, ModuleType):
            continue
        public = set() if wholly else set(public_names(target.__dict__))
        other = rerun.swaps.get(source)
        held = other.before if other is not None else target.__dict__
        before = set(public_names(held))
        for name in before - public:
            if (
                name in swap.names
                and name not in bound
                and swap.names[name] is held.get(name, MISSING)
                and not _is_submodule(swap, name)
            ):
                delete_name(rerun, swap, name)

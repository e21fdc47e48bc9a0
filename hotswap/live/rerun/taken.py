"""What edited statements fill: lists of jobs, tables of handlers, registries of plug-ins; and who reads those."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live import registries
from hotswap.live.factories import is_kind, plain, static
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, instance_dict, mro, owner_of
from hotswap.live.rerun.fillers import adapter_of, targets, value_at
from hotswap.source import codes, wiring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit

ADDING: Final = frozenset(
    {"add", "append", "appendleft", "extend", "insert", "setdefault", "update"}
)
"""Methods that put something into a container and ask it for nothing."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A container, or containers among the attributes of an instance or a class, that an edit fills otherwise."""

    value: Any
    """What it is now."""
    label: str
    attributes: frozenset[str] = frozenset()
    """Empty: `value` is the container itself."""
    fillers: frozenset[str] = frozenset()
    """Methods that only put something there."""
    former: Any = MISSING
    """What its name meant before, when that is another object."""

    def read_by(self, function: FunctionType) -> bool:
        """Say whether a function spells it."""
        names = function.__globals__
        for chain in codes.global_chains(function.__code__):
            if self._is(names.get(chain[0])) and self._asks(chain[1:2]):
                return True
        owner = owner_of(names, function.__qualname__)
        kind: Any = self.value if is_kind(self.value, type) else type(self.value)
        if owner is None or owner not in mro(kind) or function.__name__ in self.fillers:
            return False
        return bool(self.attributes & set(function.__code__.co_names))

    def spelled_in(self, body: Iterable[ast.stmt], names: Mapping[str, Any]) -> bool:
        """Say whether statements spell it."""
        for node in wiring.flat(body):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
                continue  # ``app.state.jobs = JOBS`` is another name for it
            chained: set[int] = set()
            for part in wiring.lasting(node):
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                    chained.add(id(part.value))
                    if self._is(names.get(part.value.id)) and self._asks((part.attr,)):
                        return True
                elif isinstance(part, ast.Name) and id(part) not in chained:
                    if self._is(names.get(part.id)) and self._asks(()):
                        return True
        return False

    def _is(self, value: Any) -> bool:
        return value is self.value or value is self.former

    def _asks(self, attribute: tuple[str, ...]) -> bool:
        if self.attributes:
            return bool(self.attributes & set(attribute))
        return not ADDING & set(attribute)


def taken(rerun: Rerun) -> list[Taken]:
    """Give what the edited statements of a batch fill otherwise than before."""
    found: dict[tuple[int, frozenset[str]], Taken] = {}
    for swap in rerun.edited:
        units = [s.unit for s in swap.steps if s.verdict == "run" and _fills_otherwise(s)]
        units += swap.plan.removed if swap.plan is not None else []
        for unit in units:
            if unit.kind not in ("import", "docstring"):
                for one in _filled(rerun, swap, unit):
                    found.setdefault((id(one.value), one.attributes), one)
    return list(found.values())


def _fills_otherwise(step: Step) -> bool:
    """Say whether a definition is new, or decorated otherwise; other statements are what they say."""
    old, new = step.old, step.unit
    if step.is_guard or old is None or old.kind != new.kind:
        return not step.is_guard
    if new.kind in ("def", "class"):
        return _decorators(old) != _decorators(new)
    return True


def _decorators(unit: Unit) -> list[str]:
    return [ast.dump(one) for one in getattr(unit.node, "decorator_list", ())]


def _filled(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> Iterator[Taken]:
    if unit.kind == "assign":
        for name in unit.binds:
            value = swap.before.get(name, MISSING)
            if issubclass(type(value), registries.CONTAINERS) and _holds_code(value):
                yield Taken(swap.names.get(name), name, former=value)
    if unit.kind == "class":
        yield from _of_subclass(swap, unit)
    for key in targets(rerun, swap, unit):
        value = value_at(rerun, key)
        if value is MISSING or adapter_of(rerun, value) is not None:
            continue
        if issubclass(type(value), registries.CONTAINERS):
            yield Taken(value, key[1])
            continue
        own = instance_dict(value)
        if own is None or type(value).__module__ not in rerun.tracker.loaded:
            continue
        called = {method for _, method in unit.scan.methods}
        yield from _of_methods(value, key[1], own, called)


def _of_methods(
    value: Any, label: str, own: Mapping[str, Any], called: Iterable[str]
) -> Iterator[Taken]:
    """Give the containers among an instance's attributes that methods spell."""
    spelled: set[str] = set()
    for method in called:
        function = plain(static(type(value), method))
        if function is not None:
            spelled |= codes.names_used(function.__code__)
    kept = {n for n in spelled if issubclass(type(own.get(n)), registries.CONTAINERS)}
    if kept:
        yield Taken(value, f"{label}.{min(kept)}", frozenset(kept), frozenset(called))


def _of_subclass(swap: ModuleSwap, unit: Unit) -> Iterator[Taken]:
    """Give the registries that a class enters because of its bases: ``__init_subclass__``, ``__subclasses__()``."""
    cls = swap.names.get(unit.name)
    bases: list[Any] = [cls]
    bases += [swap.names.get(ast.unparse(b)) for b in getattr(unit.node, "bases", ())]
    for base in bases:
        for one in mro(base) if is_kind(base, type) else ():
            own = class_dict(one)
            function = plain(own.get("__init_subclass__"))
            attributes = {"__subclasses__"} if one is not cls and one is not object else set()
            if function is not None:
                spelled = codes.names_used(function.__code__)
                attributes |= {
                    n for n in spelled if issubclass(type(own.get(n)), registries.CONTAINERS)
                }
                for name in spelled:
                    value = function.__globals__.get(name)
                    if issubclass(type(value), registries.CONTAINERS):
                        yield Taken(value, name)
            if attributes:
                yield Taken(one, f"{one.__name__}.{min(attributes)}", frozenset(attributes))


def _holds_code(value: Any) -> bool:
    """Say whether a container holds functions or classes, be it one level down."""
    inside = list(dict.values(value)) if issubclass(type(value), dict) else list(value)
    for one in inside:
        parts = one if type(one) in (tuple, list) else (one,)
        if any(is_kind(p, (FunctionType, type)) for p in parts):
            return True
    return False

"""What hooks of base classes put into containers when a subclass is made: ``Base.names.append(cls.__name__)``.

The subclass itself leaves what holds it (`removed`), and one that is made again is the one that was. What is put there
by value cannot be told from what others put there.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live import registries
from hotswap.live.adapters.base import Refused
from hotswap.live.gathered import containers_of
from hotswap.live.looking import class_dict, mro
from hotswap.source.nodes import root

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit


def filled_by_value(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> list[tuple[str, Any]]:
    """Give the containers that making a class fills with something else than the class; each with its name."""
    if unit.kind != "class":
        return []
    node: ast.ClassDef = unit.node  # type: ignore[assignment]
    names = [root(base) for base in (*node.bases, *(k.value for k in node.keywords))]
    bases = [swap.names.get(name) for name in names]
    found: dict[int, tuple[str, Any]] = {}
    for base in bases:
        if not isinstance(base, type):
            continue
        for owner in mro(base):
            for hook in _hooks(rerun, owner):
                for name, container in _mentioned(rerun, base, hook):
                    if container and not _holds_classes(container):
                        found[id(container)] = (name, container)
    return list(found.values())


def refuse_filled(rerun: Rerun, swap: ModuleSwap, unit: Unit, how: str) -> None:
    """Refuse to let a class go whose base has put something of it into a container.

    Raises:
        Refused: There is such a container.
    """
    for name, _ in filled_by_value(rerun, swap, unit):
        raise Refused(
            f"class {unit.name} {how}: what its base class put into {name} for it cannot be undone"
        )


def settle_filled(unit: Unit, filled: list[tuple[str, Any]], sizes: list[int]) -> None:
    """A class was made again: what its base put into a list once more, and equal, goes.

    Raises:
        Refused: Something else was put there: what the former class had left cannot be told.
    """
    for (name, container), size in zip(filled, sizes, strict=True):
        if issubclass(type(container), list):
            before, added = container[:size], container[size:]
            if all(each in before for each in added):
                list.__delitem__(container, slice(size, None))
        if len(container) > size:
            raise Refused(
                f"class {unit.name} is made again: its base class put something else into {name}"
            )


def _hooks(rerun: Rerun, owner: type) -> Iterator[FunctionType]:
    """Give the functions of ours that run when a subclass is made."""
    own = class_dict(owner)
    names = ("__new__", "__init__") if issubclass(owner, type) else ("__init_subclass__",)
    for name in names:
        hook = own.get(name)
        hook = hook.__func__ if isinstance(hook, (classmethod, staticmethod)) else hook
        if type(hook) is FunctionType and hook.__module__ in rerun.tracker.loaded:
            yield hook
    meta = type(owner)
    if meta is not type and not issubclass(owner, type):
        for each in mro(meta):
            yield from _hooks(rerun, each)


def _mentioned(rerun: Rerun, base: type, hook: FunctionType) -> Iterator[tuple[str, Any]]:
    """Give the containers that a hook names: of its module, of the classes above."""
    spelled = set(hook.__code__.co_names)
    for name in spelled & hook.__globals__.keys():
        value = hook.__globals__[name]
        if issubclass(type(value), registries.CONTAINERS):
            yield name, value
    for owner in (*mro(base), *mro(type(base))):
        if owner.__module__ in rerun.tracker.loaded:
            for name, value in containers_of(owner).items():
                if name in spelled:
                    yield f"{owner.__qualname__}.{name}", value


def _holds_classes(container: Any) -> bool:
    parts = list(container)
    if issubclass(type(container), dict):
        parts += dict.values(container)
    return any(isinstance(part, type) for part in parts)

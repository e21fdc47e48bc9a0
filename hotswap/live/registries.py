"""Containers that hold what a statement made: put the old object in the new one's place, drop what is gone."""

from __future__ import annotations

from collections import deque
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from hotswap.live.journal import MISSING
from hotswap.live.looking import PLAIN, class_dict, content, instance_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.live.journal import Journal

CONTAINERS: Final = (list, dict, set, deque, bytearray)
NESTED: Final = 500
"""Containers inside a container with more elements are not looked into."""
CAP: Final = 20_000
"""Containers with more elements are not copied before a statement runs: they are data, not registries."""


def snapshot(journal: Journal, value: Any, seen: set[int], *, depth: int = 1) -> None:
    """Remember the content of a container, and of the containers one attribute below an instance."""
    if id(value) in seen:
        return
    kind = type(value)
    if issubclass(kind, CONTAINERS):
        seen.add(id(value))
        # not len() and iter(): a class of the user's may answer what it likes, or raise
        base: Any = next(each for each in CONTAINERS if issubclass(kind, each))
        size = base.__len__(value)
        if size <= CAP:
            journal.content(value)
        if size <= NESTED and depth >= 0:
            for inner in list(dict.values(value) if base is dict else base.__iter__(value)):
                if issubclass(type(inner), CONTAINERS):
                    snapshot(journal, inner, seen, depth=-1)
        return
    if depth > 0 and not issubclass(kind, (type, ModuleType, FunctionType)):
        namespace = instance_dict(value)
        if namespace is not None and len(namespace) <= CAP:
            seen.add(id(value))
            journal.content(namespace)
            for inner in list(namespace.values()):
                snapshot(journal, inner, seen, depth=depth - 1)


def snapshot_names(journal: Journal, names: Mapping[str, Any], seen: set[int]) -> None:
    """Remember what a module's statements could reach: its containers, those of its classes and instances."""
    for key, value in list(names.items()):
        if (
            key.startswith("__")
            and key.endswith("__")
            and key not in ("__all__", "__annotations__")
        ):
            continue
        kind = type(value)
        if issubclass(kind, type):
            if value.__module__ == names.get("__name__"):
                for inner in list(class_dict(value).values()):
                    if issubclass(type(inner), CONTAINERS):
                        snapshot(journal, inner, seen, depth=0)
        elif kind is FunctionType:
            snapshot_function(journal, value, seen)
        elif not issubclass(kind, ModuleType):
            snapshot(journal, value, seen)


def snapshot_function(
    journal: Journal, function: FunctionType, seen: set[int], *, depth: int = 2
) -> None:
    """Remember what a function keeps: in its attributes, its closure, and those of the functions among its attributes.

    `functools.singledispatch` keeps its registry in the closure of ``show.register``.
    """
    if id(function) in seen:
        return
    seen.add(id(function))
    if function.__dict__:
        snapshot(journal, function.__dict__, seen, depth=0)
    for cell in function.__closure__ or ():
        held = content(cell)
        if issubclass(type(held), CONTAINERS):
            snapshot(journal, held, seen, depth=0)
        elif type(held) is WeakKeyDictionary:
            snapshot(journal, held, seen)
    for inner in list(function.__dict__.values()) if depth else ():
        if type(inner) is FunctionType:
            snapshot_function(journal, inner, seen, depth=depth - 1)


def refill(old: Any, new: Any, journal: Journal) -> bool:
    """Put the content of `new` into `old`, whose identity stays; False when it cannot be done."""
    if type(old) is not type(new) or not isinstance(old, CONTAINERS):
        return False
    journal.content(old)
    if isinstance(old, list):
        list.__setitem__(old, slice(None), new)
    elif isinstance(old, dict):
        _refill_dict(old, new)
    elif isinstance(old, set):
        old |= new
        old &= new
    elif isinstance(old, bytearray):
        old[:] = new
    else:
        old.clear()
        old.extend(new)
    namespace, fresh = instance_dict(old), instance_dict(new)
    if namespace is not None and fresh is not None:
        journal.content(namespace)
        namespace.clear()
        namespace.update(fresh)
    return True


def _refill_dict(old: dict[Any, Any], new: dict[Any, Any]) -> None:
    """Never lets a reader in another thread miss a key that stays; order is put right only when it differs."""
    dict.update(old, new)
    for key in [k for k in dict.keys(old) if k not in new]:
        dict.pop(old, key)
    if list(dict.keys(old)) != list(dict.keys(new)):
        items = list(dict.items(new))
        dict.clear(old)
        dict.update(old, items)


def same_content(a: Any, b: Any) -> bool:
    """Say whether two immutable values of one type are equal; never runs a user's `__eq__`."""
    if a is b:
        return True
    if type(a) is not type(b) or a is MISSING:
        return False
    if isinstance(a, (tuple, frozenset)):
        if type(a) not in (tuple, frozenset) or len(a) != len(b):
            return False
        if isinstance(a, frozenset):
            return all(type(x) in PLAIN for x in a) and bool(a == b)
        return all(same_content(x, y) for x, y in zip(a, b, strict=True))
    return type(a) in PLAIN and bool(a == b)


def shallow(value: Any) -> Any:
    """Copy a plain container, so that it can be told later whether its content changed; else give the value."""
    if type(value) in (list, dict, set):
        return value.copy()
    return value


def alike(before: Any, now: Any) -> bool:
    """Say whether a value, or a container's content by identity, is what `shallow` saw."""
    if type(before) is not type(now):
        return False
    if type(now) is list:
        return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
    if type(now) is dict:
        return list(before) == list(now) and all(before[k] is now[k] for k in now)
    if type(now) is set:
        return bool(before == now)
    return before is now

"""The functions inside an app that hold on to something: closures' locals and bound methods' instances."""

from __future__ import annotations

import functools
import gc
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MOST: Final = 200_000
"""Objects looked at: an app with 2,000 routes has about 100,000."""
LARGE: Final = 10_000
"""Containers with more entries are the user's data, not the framework's tables."""
OPAQUE: Final = (
    types.ModuleType,
    type,
    types.FrameType,
    types.CodeType,
    types.CoroutineType,
    types.GeneratorType,
    types.AsyncGeneratorType,
    types.TracebackType,
    types.BuiltinFunctionType,
)

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bound:
    """One function of the user's with what it holds."""

    function: types.FunctionType
    cells: dict[str, types.CellType]
    owner: Any
    """The instance of a bound method, or None."""


def bound_in(root: object, modules: Collection[str]) -> dict[Key, list[Bound]]:
    """Give closures and bound methods of the `modules` reachable from an app, by module and qualified name.

    Several with one name (made in a loop) come in the order in which they are reached, which is that of the routes.
    """
    found: dict[Key, list[Bound]] = {}
    for function, owner in _reach(root, modules):
        closure = function.__closure__ or ()
        cells = dict(zip(function.__code__.co_freevars, closure, strict=True))
        cells.pop("__class__", None)
        if cells or owner is not None:
            key = (function.__module__, function.__qualname__)
            found.setdefault(key, []).append(Bound(function, cells, owner))
    return found


def _reach(root: object, modules: Collection[str]) -> Iterator[tuple[types.FunctionType, Any]]:
    seen = {id(root)}
    queue: list[Any] = [root]
    place = 0
    while place < len(queue) and place < MOST:
        thing = queue[place]
        place += 1
        if type(thing) is types.FunctionType:
            if thing.__module__ in modules:
                yield thing, None
        elif type(thing) is types.MethodType and _is_bound(thing, modules):
            yield thing.__func__, thing.__self__  # type: ignore[misc]
            continue
        for inner in _inside(thing):
            if (
                id(inner) not in seen
                and gc.is_tracked(inner)
                and not issubclass(type(inner), OPAQUE)
            ):
                seen.add(id(inner))
                queue.append(inner)


def _is_bound(method: types.MethodType, modules: Collection[str]) -> bool:
    """Say whether a method of the user's is bound to an instance, not to a class."""
    function = method.__func__
    return (
        isinstance(function, types.FunctionType)
        and function.__module__ in modules
        and not issubclass(type(method.__self__), type)
    )


def _inside(thing: Any) -> Iterator[Any]:
    """Give what an object refers to, short of globals and of the user's large data."""
    if type(thing) is types.FunctionType:
        yield from thing.__closure__ or ()
        yield from (thing.__defaults__ or ())
        yield from (thing.__kwdefaults__ or {}).values()
        yield from thing.__dict__.values()
    elif type(thing) is functools.partial:
        yield thing.func
        yield from thing.args
        yield from thing.keywords.values()
    elif not _is_data(thing):
        yield from gc.get_referents(thing)


def _is_data(thing: Any) -> bool:
    """Say whether a container is the user's data, or a module's globals."""
    if type(thing) is dict and "__builtins__" in thing:
        return True
    return issubclass(type(thing), (list, tuple, dict, set)) and len(thing) > LARGE

"""What a class's own namespace holds: functions inside attributes, ``__class__`` cells, whose an attribute is."""

from __future__ import annotations

import functools
import sys
import types
from types import FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, content

if TYPE_CHECKING:
    from collections.abc import Mapping


def own_dict(cls: type) -> dict[str, Any]:
    """Give a copy of a class's own namespace, past any metaclass."""
    return dict(class_dict(cls))


def class_cells(cls: type, namespace: dict[str, Any]) -> list[types.CellType]:
    """Give the `__class__` cells of the methods of `cls`: one, or two when a decorator made the class anew."""
    found: dict[int, types.CellType] = {}
    for value in namespace.values():
        for function in functions_in(value):
            names = function.__code__.co_freevars
            if "__class__" in names and function.__closure__ is not None:
                cell = function.__closure__[names.index("__class__")]
                held = content(cell)
                if held is cls or (
                    isinstance(held, type) and held.__qualname__ == cls.__qualname__
                ):
                    found[id(cell)] = cell
    return list(found.values())


def functions_in(value: Any) -> list[FunctionType]:
    """Give the functions inside a class attribute: through descriptors and wrappers."""
    if isinstance(value, (staticmethod, classmethod)):
        return functions_in(value.__func__)
    if isinstance(value, property):
        return [f for g in (value.fget, value.fset, value.fdel) for f in functions_in(g)]
    if isinstance(value, functools.cached_property):
        return functions_in(value.func)
    found = []
    seen = 0
    while value is not None and seen < 20:
        if type(value) is FunctionType:
            found.append(value)
        if isinstance(value, type):
            break
        namespace = getattr(type(value), "__dict__", {}).get(
            "__dict__"
        ) and object.__getattribute__(value, "__dict__")
        value = namespace.get("__wrapped__") if isinstance(namespace, dict) else None
        seen += 1
    return found


def layout(cls: type) -> tuple[Any, ...]:
    """Give what instances of a class look like in memory; the order of `__slots__` does not count."""
    slots = own_dict(cls).get("__slots__", MISSING)
    if isinstance(slots, str):
        slots = (slots,)
    names = slots if slots is MISSING else frozenset(slots)
    return (cls.__basicsize__, cls.__itemsize__, cls.__dictoffset__, cls.__weakrefoffset__, names)


def nested_in(inner: type, outer: type) -> bool:
    """Say whether `inner` was defined in the body of `outer`."""
    return inner.__qualname__.startswith(outer.__qualname__ + ".")


def made_for(value: Any, cls: type, name: str) -> bool:
    """Say whether a decorator made this method for the class: its qualified name says so, an outsider's does not."""
    function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    if isinstance(function, property):
        function = function.fget
    if type(function) is not FunctionType:
        return False
    if function.__module__ == cls.__module__ and function.__qualname__.startswith(
        f"{cls.__qualname__}.<lambda>"
    ):
        return True  # made in the class's body, in a loop perhaps
    return function.__qualname__ == f"{cls.__qualname__}.{name}"


def only_alias(
    name: str, before: Any, value: Any, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> bool:
    """Say whether a name stood for a method of another name (``start = open``) and no longer does."""
    if type(before) is not FunctionType:
        return False
    real: str = before.__name__
    return real != name and ours.get(real) is before and theirs.get(real) is not value


def serves_still(
    before: Any, name: str, value: Any, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> bool:
    """Say whether a method goes on under another of its names, which now stands for something else than `value`."""
    return any(
        held is before and other != name and other in theirs and theirs[other] is not value
        for other, held in ours.items()
    )


def shared(before: Any, value: Any, owner: type) -> bool:
    """Say whether a class attribute is a function that lives elsewhere under its own name.

    ``__ne__ = module_function`` or ``run = Base.run``: others use it too, so neither may it take this class's body nor
    may this class's own function take its place.
    """
    return any(lives_elsewhere(function, owner) for function in (before, value))


def lives_elsewhere(function: Any, owner: type) -> bool:
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    if type(function) is not FunctionType:
        return False
    if function.__globals__.get(function.__name__) is function:
        return True  # whatever it was told to be called: attrs names one `__ne__` after each class in turn
    if "<locals>" in function.__qualname__:
        return False
    if "." in function.__qualname__:
        return not function.__qualname__.startswith(f"{owner.__qualname__}.")
    found: Any = sys.modules.get(function.__module__)
    return type(found) is types.ModuleType and found.__dict__.get(function.__name__) is function

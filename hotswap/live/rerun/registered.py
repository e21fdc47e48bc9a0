"""Who has taken a function already: the decorator of a library that no adapter knows, ``@route("/two")``.

Run again, it registers the function once more, and what it had registered stays. Who holds the function tells: not the
module, nor what stands for the function there (a wrapper, a task), nor the program's own containers.
"""

from __future__ import annotations

import ast
import gc
from collections import deque
from functools import partial
from itertools import islice
from types import (
    AsyncGeneratorType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.looking import content, instance_dict, module_of
from hotswap.live.rerun.fillers import adapter_of
from hotswap.source.nodes import dotted
from hotswap.source.scan import PURE_DECORATORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit

DEEP: Final = 5
"""Attributes, closures and containers between what stands for a function and the function itself."""
MOST: Final = 1000
"""Elements of a container that are looked at."""
PASSING: Final = (FrameType, CoroutineType, GeneratorType, AsyncGeneratorType)


def registered_by(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> str:
    """Give the decorator of a function, as it is spelled, that has handed it to a library; empty when none has.

    Args:
        rerun: The statements of the batch.
        swap: The function's module.
        unit: The statement that made the function which lives.
    """
    foreign = list(_foreign_decorators(rerun, swap, unit))
    stands = swap.names.get(unit.name)
    if not foreign or adapter_of(rerun, stands) is not None:
        return ""
    own = {id(one): one for one in _reached([stands], DEEP)}
    functions = [
        one
        for one in own.values()
        if type(one) is FunctionType
        and one.__code__.co_name == unit.name
        and one.__code__.co_filename == swap.entry.filename
    ]
    if not functions:
        return ""
    spared = {*own, id(own), id(functions), *_of_the_program(rerun)}
    known = {adapter.module.partition(".")[0] for adapter in rerun.refill.active} | {"hotswap"}
    for holder in gc.get_referrers(*functions):
        if id(holder) not in spared and _keeps(rerun, holder, functions, known):
            return foreign[0]
    return ""


def _foreign_decorators(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> Iterator[str]:
    """Give the decorators that may register, and are neither the program's own nor known to an adapter."""
    for node in unit.definition.decorator_list:
        function = node.func if isinstance(node, ast.Call) else node
        name = dotted(function)
        value = swap.names.get(name.partition(".")[0])
        if not name or value is None or name.rpartition(".")[2] in PURE_DECORATORS:
            continue
        held = value.__self__ if type(value) is MethodType else value
        if module_of(value) not in rerun.tracker.loaded and adapter_of(rerun, held) is None:
            yield name


def _reached(start: list[Any], depth: int) -> Iterator[Any]:
    """Give what objects hold, a few steps deep: attributes, closures, elements of containers."""
    seen: set[int] = set()
    for _ in range(depth):
        following: list[Any] = []
        for one in start:
            if id(one) in seen:
                continue
            seen.add(id(one))
            yield one
            following += _parts(one)
        start = following


def _parts(one: Any) -> Iterator[Any]:
    kind = type(one)
    if issubclass(kind, (ModuleType, type)):
        return
    if issubclass(kind, dict):
        yield from islice(list(dict.values(one)), MOST)
    elif issubclass(kind, (list, tuple, set, deque)):
        yield from islice(list(one), MOST)
    elif kind is CellType:
        yield content(one)
    elif kind is MethodType:
        yield one.__func__
    elif kind is partial:
        yield one.func
    else:
        if kind is FunctionType:
            yield one.__closure__
        yield instance_dict(one)


def _of_the_program(rerun: Rerun) -> set[int]:
    """Give the ids of what the program's own modules hold: its lists of functions are filled by its own code."""
    loaded = rerun.tracker.loaded
    found: set[int] = set()
    for entry in loaded.values():
        values = [
            value
            for value in list(entry.names.values())
            if issubclass(type(value), (dict, list, tuple, set, deque))
            or module_of(value) in loaded
        ]
        found |= {id(one) for one in _reached(values, 3)}
    return found


def _keeps(rerun: Rerun, holder: Any, functions: list[Any], known: set[str]) -> bool:
    """Say whether somebody outside of the program keeps one of the functions, other than as a key of a cache."""
    kind = type(holder)
    if issubclass(kind, (*PASSING, ModuleType, type)):
        return False
    if issubclass(kind, dict):
        if "__builtins__" in holder or "__module__" in holder:
            return False  # the namespace of a module, or of a class
        return any(value is one for value in list(dict.values(holder)) for one in functions)
    if issubclass(kind, (list, set, deque, MethodType, partial)):
        return True
    if kind is CellType:
        users = [user for held in gc.get_referrers(holder) for user in gc.get_referrers(held)]
        made = [user for user in users if type(user) is FunctionType]
        return bool(made) and all(user.__module__ not in rerun.tracker.loaded for user in made)
    module = module_of(holder)
    if module in rerun.tracker.loaded or str(module).partition(".")[0] in known:
        return False
    own = instance_dict(holder)
    return own is not None and any(v is one for v in list(own.values()) for one in functions)

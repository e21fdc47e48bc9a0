"""Who has collected functions already: a bot the marked methods of a cog, threads and timers the jobs of a list.

An edit that marks another method, or puts another job into the list, does not reach them. They are found by what they
hold: functions that stand where the new one does.
"""

from __future__ import annotations

import ast
import gc
import sys
import threading
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
)
from typing import TYPE_CHECKING, Any, Final

from hotswap.live import registries
from hotswap.live.looking import attributes, class_at, class_dict
from hotswap.source.scan import PURE_DECORATORS
from hotswap.source.wiring import last_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.live.rerun.taken import Taken
    from hotswap.source.units import Unit

PASSING: Final = (FrameType, CoroutineType, GeneratorType, AsyncGeneratorType)
"""What holds a bound method while it calls it."""
TASKS: Final = (CoroutineType, GeneratorType, AsyncGeneratorType)
MOST: Final = 1000
"""Elements of a container that are looked at."""


def marked(swap: ModuleSwap) -> Iterator[tuple[str, str]]:
    """Give (method, sibling) for each marked method of an edited class that who took the sibling has not seen.

    A decorator that marks gives back the method itself: ``@command("hi")`` sets an attribute, which is looked for.
    """
    for step in swap.steps:
        old, new = step.old, step.unit
        if old is None or step.verdict != "run" or old.kind != "class" or new.kind != "class":
            continue
        cls = class_at(swap.names, new.name)
        if cls is None:
            continue
        before, after = _decorated(old), _decorated(new)
        for name in sorted({*before, *after}):
            if before.get(name) == after.get(name):
                continue
            marks = {mark for mark, _ in (*before.get(name, ()), *after.get(name, ()))}
            alike = [n for n, found in before.items() if marks & {mark for mark, _ in found}]
            for sibling in alike:
                method = class_dict(cls).get(sibling)
                if _is_itself(method, cls, sibling) and _bound_somewhere(method):
                    yield f"{new.name}.{name}", f"{new.name}.{sibling}"
                    break


def workers_of(what: Taken, edited: Iterable[str]) -> tuple[str, str] | None:
    """Give a function of a container, and the kind of thread, timer or task that holds it; None when none does.

    Args:
        what: What an edit fills.
        edited: Names of the definitions that the edit puts there, or takes away.
    """
    inside = attributes(what.value)
    containers = [inside[n] for n in what.attributes if n in inside] or [what.value]
    own: list[Any] = [c for c in containers if issubclass(type(c), registries.CONTAINERS)]
    functions: list[FunctionType] = []
    for value in own:
        if type(value) is FunctionType:
            functions.append(value)
        elif issubclass(type(value), registries.CONTAINERS) or type(value) is tuple:
            parts = dict.values(value) if issubclass(type(value), dict) else value
            own += list(parts)[: MOST - len(own)] if len(own) < MOST else ()
    known = {id(one) for one in own}
    for function in functions:
        if function.__name__ in edited:
            continue
        worker = _worker(function, known)
        if worker:
            return function.__qualname__, worker
    return None


def _decorated(unit: Unit) -> dict[str, list[tuple[str, str]]]:
    """Give the methods of a class with their decorators: the name of each, and how it is spelled."""
    found: dict[str, list[tuple[str, str]]] = {}
    for member in unit.members:
        if member.kind == "def":
            marks = [(last_name(d), ast.dump(d)) for d in member.definition.decorator_list]
            kept = [mark for mark in marks if mark[0] not in PURE_DECORATORS]
            if kept:
                found[member.name] = kept
    return found


def _is_itself(method: Any, cls: type, name: str) -> bool:
    """Say whether a decorator gave the method back, and did not wrap it."""
    if type(method) is not FunctionType:
        return False
    return method.__code__.co_qualname == f"{cls.__qualname__}.{name}"


def _bound_somewhere(function: Any) -> bool:
    """Say whether a container, or an object, keeps the function bound to an instance."""
    referrers = gc.get_referrers(function)
    for method in referrers:
        if type(method) is MethodType:
            for holder in gc.get_referrers(method):
                if holder is not referrers and type(holder) not in PASSING:
                    return True
    return False


def _worker(function: FunctionType, known: set[int]) -> str:
    """Give the kind of thread, timer or task that holds a function, directly or among its arguments."""
    workers = (threading.Thread, *TASKS, *_handles())
    for holder in gc.get_referrers(function):
        if id(holder) in known:
            continue
        if issubclass(type(holder), workers):
            return type(holder).__name__
        if type(holder) in (tuple, list, dict):
            for above in gc.get_referrers(holder):
                if issubclass(type(above), workers):
                    return type(above).__name__
    return ""


def _handles() -> tuple[type, ...]:
    """Give the class of event loops' timers and callbacks, if the program has an event loop."""
    events = sys.modules.get("asyncio.events")
    return () if events is None else (events.Handle,)

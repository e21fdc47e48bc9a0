"""What an app ran when it started and would run otherwise now: nobody runs it again, so the report says it."""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from hotswap.live.rerun.changed import visible_dirty
from hotswap.live.rerun.frameworks import live_registries
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hotswap.live.rerun.state import Rerun


def startup_notes(rerun: Rerun, frames: Iterable[tuple[Any, CodeType]]) -> list[str]:
    """Name the functions that start-up called and that changed, or read what changed.

    Args:
        frames: Those suspended in the changed files, with the code of each: a task that start-up began goes on.
    """
    if not rerun.refill.active:
        return []
    replaced = set(rerun.refill.replaced.values())
    suspended = {rerun.refill.replaced.get(code, code) for _, code in frames}
    dirty = {id(swap.names): visible_dirty(rerun, swap) for swap in rerun.swaps.values()}
    notes: dict[str, None] = {}
    for registry, adapter in live_registries(rerun):
        for starter in adapter.started(registry):
            for function in _reached(rerun, starter):
                code = function.__code__
                read = dirty.get(id(function.__globals__), set()) & codes.names_used(code)
                if (code not in replaced and not read) or code in suspended:
                    continue
                what = "which changed" if code in replaced else f"which reads {min(read)}"
                who = f"start-up ({starter.__qualname__})"
                called = "" if function is starter else f" called {function.__qualname__}"
                notes[f"{who}{called}, {what}, and has run already: r + enter runs it again"] = None
    return list(notes)


def _reached(rerun: Rerun, starter: FunctionType) -> Iterator[FunctionType]:
    """Give a start-up function and the tracked functions that it names, and those that they name."""
    seen = {id(starter)}
    todo = [starter]
    while todo:
        function = todo.pop()
        yield function
        for target in _named(function):
            if id(target) not in seen and target.__module__ in rerun.tracker.loaded:
                seen.add(id(target))
                todo.append(target)


def _named(function: FunctionType) -> Iterator[FunctionType]:
    names = codes.names_used(function.__code__)
    for name in names:
        value: Any = function.__globals__.get(name)
        inside = [vars(value).get(n) for n in names] if type(value) is ModuleType else [value]
        for found in inside:
            if type(found) is FunctionType:
                yield found.__dict__.get("__wrapped__", found)

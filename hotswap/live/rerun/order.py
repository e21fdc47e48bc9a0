"""Lists and dicts that decorators and base classes fill keep the order of the file: a new handler stands in its place.

What definitions put there is found by identity; what else lies in them keeps its place.
"""

from __future__ import annotations

import ast
from collections import Counter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.looking import attributes, class_dict, instance_dict, mro
from hotswap.live.rerun.fillers import adapter_of, targets, value_at
from hotswap.source import codes
from hotswap.source.model import Change
from hotswap.source.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit

PLACING: Final = frozenset(
    {"sort", "sorted", "insert", "insort", "insort_left", "insort_right", "heappush", "appendleft"}
)
"""What a decorator calls that gives entries a place of its own choice, by priority for one."""
DEEP: Final = 2
"""Steps from a registry to a list or dict in it: ``bus.handlers["saved"]``."""


def put_in_order(rerun: Rerun) -> None:
    """After all ran: move entries of new and of moved definitions to their places."""
    for swap in rerun.edited:
        steps = [s for s in swap.steps if not s.is_guard and s.unit.kind in ("def", "class")]
        late = [s for s in steps if s.situation == "new" or s.moved]
        seen: set[int] = set()
        for key in sorted({k for s in late for k in targets(rerun, swap, s.unit)}):
            value = value_at(rerun, key)
            if adapter_of(rerun, value) is not None:
                continue
            fillers = [s for s in steps if key in targets(rerun, swap, s.unit)]
            if any(_places(swap, s.unit) for s in fillers):
                continue
            for line in _lines(rerun, value):
                if id(line) not in seen:
                    seen.add(id(line))
                    _order(rerun, swap, key[1], line, fillers)
        classes = [s for s in steps if s.unit.kind == "class"]
        for name, line in _of_bases(rerun, swap, [s for s in late if s.unit.kind == "class"]):
            if id(line) not in seen:
                seen.add(id(line))
                _order(rerun, swap, name, line, classes)


def _places(swap: ModuleSwap, unit: Unit) -> bool:
    """Say whether a decorator of a definition chooses the place of what it registers."""
    for node in getattr(unit.node, "decorator_list", ()):
        first, *rest = dotted(node.func if isinstance(node, ast.Call) else node).split(".")
        value: Any = swap.names.get(first)
        for part in rest:
            kind = value if issubclass(type(value), type) else type(value)
            found = [class_dict(base).get(part) for base in mro(kind) if part in class_dict(base)]
            value = found[0] if found else None
        function = value.__func__ if type(value) in (staticmethod, classmethod) else value
        code: CodeType | None = function.__code__ if type(function) is FunctionType else None
        if code is not None and any(PLACING & {*c.co_names} for c in codes.walk(code)):
            return True
    return False


def _lines(rerun: Rerun, value: Any, depth: int = 0) -> Iterator[Any]:
    """Give the lists and dicts of a registry: itself, those in an instance or a class of ours, those in a dict."""
    if type(value) is list:
        yield value
        return
    inside: Any = None
    if type(value) is dict:
        yield value
        inside = value
    elif issubclass(type(value), type):
        inside = class_dict(value) if value.__module__ in rerun.tracker.loaded else None
    elif type(value).__module__ in rerun.tracker.loaded:
        inside = instance_dict(value)
    if inside is not None and depth < DEEP:
        for held in list(inside.values()):
            if type(held) in (list, dict):
                yield from _lines(rerun, held, depth + 1)


def _of_bases(
    rerun: Rerun, swap: ModuleSwap, late: Sequence[Step]
) -> Iterator[tuple[str, list[Any] | dict[Any, Any]]]:
    """Give the lists and dicts that hold one of the classes, beside their bases: ``__init_subclass__`` fills them."""
    for step in late:
        cls: Any = swap.names.get(step.unit.name)
        if not issubclass(type(cls), type):
            continue
        for base in (*mro(cls)[1:], *mro(type(cls))):
            entry = rerun.tracker.loaded.get(base.__module__)
            if entry is None:
                continue
            held = [*class_dict(base).items(), *entry.names.items()]
            for name, value in held:
                if type(value) in (list, dict) and value is not entry.names:
                    around = value.values() if type(value) is dict else value
                    if any(one is cls for one in around):
                        yield name, value


def _order(rerun: Rerun, swap: ModuleSwap, name: str, value: Any, fillers: Sequence[Step]) -> None:
    before: list[Any] = list(dict.items(value)) if type(value) is dict else list(value)
    groups = [(step, _entries(rerun, before, swap, step)) for step in fillers]
    owners = Counter(id(entry) for _, own in groups for entry in own)  # a list for each event
    groups = [(step, [e for e in own if owners[id(e)] == 1]) for step, own in groups]
    line = list(before)
    new = [(step, own) for step, own in groups if step.situation == "new" and own]
    for _, own in new:
        line = [entry for entry in line if not _among(entry, own)]
    known = [(step, own) for step, own in groups if step.situation != "new" and own]
    places = [i for i, entry in enumerate(line) if any(_among(entry, own) for _, own in known)]
    for place, entry in zip(places, [e for _, own in known for e in own], strict=False):
        line[place] = entry
    for index, (step, own) in enumerate(groups):
        if step.situation == "new" and own:
            place = _place(
                line, [g for _, g in groups[:index]], [g for _, g in groups[index + 1 :]]
            )
            line[place:place] = own
    if len(line) != len(before) or all(a is b for a, b in zip(line, before, strict=True)):
        return
    rerun.journal.content(value)
    if type(value) is dict:
        dict.clear(value)
        dict.update(value, line)
    else:
        value[:] = line
    rerun.changes.append(
        Change("~", swap.entry.path, name, "order", because=f"{name} follows the file's order")
    )


def _entries(rerun: Rerun, line: Sequence[Any], swap: ModuleSwap, step: Step) -> list[Any]:
    """Give the entries of a registry that a definition made."""
    objects: set[int] = set()
    value = swap.names.get(step.unit.name)
    while value is not None and id(value) not in objects:
        objects.add(id(value))
        value = value.__dict__.get("__wrapped__") if type(value) is FunctionType else None
    return [entry for entry in line if _is_of(rerun, entry, objects)]


def _is_of(rerun: Rerun, entry: Any, objects: set[int]) -> bool:
    """Say whether an entry is one of the objects, or holds one: a pair, a record of the program's own."""
    if id(entry) in objects:
        return True
    if type(entry) in (tuple, list):
        return any(_is_of(rerun, part, objects) for part in entry)
    if type(entry).__module__ not in rerun.tracker.loaded:
        return False
    return any(id(part) in objects for part in attributes(entry).values())


def _among(entry: Any, entries: Sequence[Any]) -> bool:
    return any(entry is other for other in entries)


def _place(line: Sequence[Any], before: Sequence[Any], after: Sequence[Any]) -> int:
    """Give the place behind the nearest earlier definition's entries, else before the next one's, else the end."""
    for own in reversed(before):
        found = [i for i, entry in enumerate(line) if _among(entry, own)]
        if found:
            return found[-1] + 1
    for own in after:
        found = [i for i, entry in enumerate(line) if _among(entry, own)]
        if found:
            return found[0]
    return len(line)

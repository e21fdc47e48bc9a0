"""Containers that hold what a statement made: put the old object in the new one's place, drop what is gone."""

from __future__ import annotations

import gc
import sys
from collections import deque
from types import CellType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, content, instance_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap.live.functions import Graft
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


def redirect(graft: Graft, journal: Journal) -> None:
    """Replace every reference to a throw-away object by the old one that was patched (become).

    A list that held the old one already keeps one entry; a dict in which the old one sat under another key loses
    that key; tuples inside lists, dicts and sets are made anew.
    """
    pairs = dict(graft.pairs)
    if not pairs:
        return
    news = [new for new, _ in pairs.values()]
    spared = {id(graft.pairs), id(pairs), id(news)}
    spared |= {id(p) for p in pairs.values()} | {id(p) for p in graft.pairs.values()}
    holders = _holders(news)
    spared.add(id(holders))
    for new in news:
        if isinstance(
            new, type
        ):  # its own tuples; looking for who holds those costs a heap pass each
            spared |= {id(new.__mro__), id(new.__bases__)}
    for holder in holders:
        if id(holder) not in spared:
            if _redirect_in(holder, pairs, journal, spared):
                graft.fresh[id(holder)] = holder
    holders.clear()
    news.clear()


def _holders(news: list[Any]) -> list[Any]:
    """Give what refers to any of `news`, which are as young as the swap.

    So are most of those who hold them: the collector is off while a swap runs, and they are found in the youngest
    generation. Reference counts tell whether that was all; only for what is still missing is the whole heap walked, in
    time that grows with its size and with the number of objects asked for.
    """
    functions = all(type(new) is FunctionType for new in news)
    left = {id(new): sys.getrefcount(new) - BASE for new in news}
    found: list[Any] = []
    for holder in _young_holders(left, functions=functions):
        found.append(holder)
        for key in _referred((holder,), left, functions=functions):
            left[key] -= 1
    missing = [new for new in news if left[id(new)] > 0]
    if missing:
        known = set(map(id, found))
        known |= {id(missing), id(found), id(news)}
        found += [holder for holder in gc.get_referrers(*missing) if id(holder) not in known]
    return found


def _young_holders(wanted: Mapping[int, int], *, functions: bool) -> list[Any]:
    """Give the objects of the youngest generation that refer to any of those wanted: searched by the handful, in C."""
    return [
        holder
        for chunk in _chunks(gc.get_objects(generation=0), 256)
        if _referred(chunk, wanted, functions=functions)
        for few in _chunks(chunk, 16)
        if _referred(few, wanted, functions=functions)
        for holder in few
        if _referred((holder,), wanted, functions=functions)
    ]


def _chunks(objects: list[Any], size: int) -> Iterable[list[Any]]:
    return (objects[start : start + size] for start in range(0, len(objects), size))


def _referred(holders: Iterable[Any], wanted: Mapping[int, int], *, functions: bool) -> list[int]:
    """Give the ids of those wanted, all functions perhaps, to which `holders` refer: once for each reference."""
    referents = gc.get_referents(*holders)
    if functions:  # `id` is an audited event, and costs thrice as much as `type`
        referents = [x for x in referents if type(x) is FunctionType]
    return [key for key in map(id, referents) if key in wanted]


def _base() -> int:
    """Count the references that counting itself makes: the loop's variable and the argument, but not the list's."""
    (count,) = [sys.getrefcount(new) for new in [object()]]
    return count - 1


BASE: Final = _base()

DEEP: Final = 4
WIDE: Final = 2000


def redirect_below(values: Iterable[Any], new: Any, old: Any, journal: Journal) -> None:
    """Do at once, within `values` only, what `redirect` does at the end for the whole heap.

    For what a decorator hung on a class and later statements of the same swap read: strawberry's definition of a type
    names its class, and the schema made from it refuses another one.
    """
    pairs = {id(new): (new, old)}
    seen: set[int] = set()
    level = list(values)
    for _ in range(DEEP):
        below: list[Any] = []
        for holder in level:
            kind = type(holder)
            if id(holder) in seen or issubclass(kind, (*_LEAVES, type)):
                continue
            seen.add(id(holder))
            if kind is not tuple:
                _redirect_in(holder, pairs, journal, set())
            below += _held(holder)
        level = below
        if len(seen) > WIDE:
            return


_LEAVES: Final = (FunctionType, ModuleType, FrameType, str, bytes, int, float, type(None))


def _held(holder: Any) -> Iterable[Any]:
    """Give what a container or an instance holds, one step deep."""
    kind = type(holder)
    if issubclass(kind, dict):
        return list(holder.values())
    if issubclass(kind, (list, tuple, set, frozenset)):
        return list(holder)
    namespace = instance_dict(holder)
    return list(namespace.values()) if namespace is not None else ()


def _redirect_in(
    holder: Any, pairs: dict[int, tuple[Any, Any]], journal: Journal, spared: set[int]
) -> bool:
    """Replace within one holder; say whether it is a dict, a namespace perhaps, or an instance that held one."""
    kind = type(holder)
    if issubclass(kind, list):
        _in_list(holder, pairs, journal)
    elif issubclass(kind, dict):
        return _in_dict(holder, pairs, journal)
    elif issubclass(kind, set):
        hits = [x for x in holder if id(x) in pairs]
        if hits:
            journal.content(holder)
            for hit in hits:
                set.discard(holder, hit)
                set.add(holder, pairs[id(hit)][1])
    elif kind is CellType:
        held = holder.cell_contents
        if id(held) in pairs:
            journal.undo(lambda: setattr(holder, "cell_contents", held))
            holder.cell_contents = pairs[id(held)][1]
    elif kind is tuple:
        _tuple_in_containers(holder, pairs, journal, spared)
    elif not issubclass(kind, (FunctionType, type, FrameType, ModuleType)):
        return _in_instance(holder, pairs, journal)
    return False


def _in_list(holder: list[Any], pairs: dict[int, tuple[Any, Any]], journal: Journal) -> None:
    hits = {id(x) for x in holder if id(x) in pairs}
    if not hits:
        return
    journal.content(holder)
    seen = {id(x) for x in holder if id(x) not in hits}
    out = []
    for element in holder:
        if id(element) in hits:
            old = pairs[id(element)][1]
            if id(old) in seen:
                continue
            seen.add(id(old))
            out.append(old)
        else:
            out.append(element)
    list.__setitem__(holder, slice(None), out)


def _in_dict(holder: dict[Any, Any], pairs: dict[int, tuple[Any, Any]], journal: Journal) -> bool:
    if "__builtins__" in holder and "__name__" in holder:
        return False  # a module's names: the swap puts those right itself
    hits = [k for k, v in holder.items() if id(v) in pairs]
    keys = [k for k in holder if id(k) in pairs]
    if not hits and not keys:
        return False
    journal.content(holder)
    olds = {id(pairs[id(holder[key])][1]) for key in hits}
    stale = [k for k, v in holder.items() if id(v) in olds and id(v) not in pairs]
    for key in hits:
        holder[key] = pairs[id(holder[key])][1]
    for key in stale:
        if key not in hits:
            del holder[key]
    for key in keys:
        value = holder.pop(key)
        holder[pairs[id(key)][1]] = value
    return bool(hits)


def _in_instance(holder: Any, pairs: dict[int, tuple[Any, Any]], journal: Journal) -> bool:
    namespace = instance_dict(holder)
    found = False
    if namespace is not None:
        for key, value in list(namespace.items()):
            if id(value) in pairs:
                journal.setitem(namespace, key, pairs[id(value)][1])
                found = True
    for cls in type(holder).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                value = object.__getattribute__(holder, name)
            except AttributeError:
                continue
            if id(value) in pairs:
                try:
                    journal.setattr(holder, name, pairs[id(value)][1])
                except (AttributeError, TypeError):
                    continue
                found = True
    return found


def _tuple_in_containers(
    holder: tuple[Any, ...], pairs: dict[int, tuple[Any, Any]], journal: Journal, spared: set[int]
) -> None:
    """A registry of tuples: ``REG.append((name, f))``. The old function's entry makes room for the new."""
    made = tuple(pairs[id(x)][1] if id(x) in pairs else x for x in holder)
    olds = {id(pairs[id(x)][1]) for x in holder if id(x) in pairs}
    outers = gc.get_referrers(holder)
    for outer in outers:
        if id(outer) in spared or outer is outers:
            continue
        if type(outer) is list:
            places = [i for i, x in enumerate(outer) if x is holder]
            if not places:
                continue
            journal.content(outer)
            stale = [
                i
                for i, x in enumerate(outer)
                if type(x) is tuple
                and x is not holder
                and len(x) == len(holder)
                and olds & {id(e) for e in x}
            ]
            if stale:
                outer[stale[0]] = made
                for i in sorted({*places, *stale[1:]}, reverse=True):
                    del outer[i]
            else:
                for i in places:
                    outer[i] = made
        elif type(outer) is dict and "__builtins__" not in outer:
            for key in [k for k, v in outer.items() if v is holder]:
                journal.setitem(outer, key, made)


def drop_dead(dead: Any, journal: Journal, reachable: Callable[[Any], bool]) -> bool:
    """Take a removed definition out of the module-level lists, dicts and sets that hold it; True when one did."""
    found = False
    holders = [(h, dead) for h in gc.get_referrers(dead)]
    for holder, what in list(holders):
        if type(holder) is tuple and what is dead:
            holders += [
                (outer, holder) for outer in gc.get_referrers(holder) if outer is not holders
            ]
    for holder, what in holders:
        kind = type(holder)
        if not issubclass(kind, (list, dict, set)) or not reachable(holder):
            continue
        journal.content(holder)
        found = True
        if issubclass(kind, list):
            list.__setitem__(holder, slice(None), [x for x in holder if x is not what])
        elif issubclass(kind, dict):
            for key in [k for k, v in holder.items() if v is what or k is what]:
                del holder[key]
        else:
            set.discard(holder, what)
    return found


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
            return all(type(x) in _PLAIN for x in a) and bool(a == b)
        return all(same_content(x, y) for x, y in zip(a, b, strict=True))
    return type(a) in _PLAIN and bool(a == b)


_PLAIN: Final = (int, str, float, bytes, bool, type(None), complex)


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

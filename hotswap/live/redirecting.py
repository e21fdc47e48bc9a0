"""Whoever holds a throw-away object gets the old one, which was patched; whoever holds what is gone lets it go."""

from __future__ import annotations

import gc
import sys
from types import CellType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.looking import PLAIN, instance_dict
from hotswap.live.weakly import redirect_weak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap.live.functions import Graft
    from hotswap.live.journal import Journal


DEEP: Final = 4
WIDE: Final = 2000
_LEAVES: Final = (FunctionType, ModuleType, FrameType, str, bytes, int, float, type(None))


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
        # its own tuples; looking for who holds those costs a heap pass each
        if isinstance(new, type):
            spared |= {id(new.__mro__), id(new.__bases__)}
    held = [h for h in holders if type(h) is tuple and id(h) not in spared]
    spared.add(id(held))
    around = _lists_and_dicts_of(held, spared)
    for holder in holders:
        if id(holder) in spared:
            continue
        if type(holder) is tuple:
            _tuple_in_containers(holder, pairs, journal, around.get(id(holder), ()))
        elif _redirect_in(holder, pairs, journal):
            graft.fresh[id(holder)] = holder
    around.clear()
    held.clear()
    holders.clear()
    redirect_weak(pairs.values(), journal)
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


def _lists_and_dicts_of(tuples: list[Any], spared: set[int]) -> dict[int, list[Any]]:
    """Give id(tuple) -> the lists and dicts that hold it; one walk over the heap for all."""
    around: dict[int, list[Any]] = {id(one): [] for one in tuples}
    for outer in gc.get_referrers(*tuples) if tuples else ():
        if id(outer) not in spared and outer is not around and type(outer) in (list, dict):
            within = outer.values() if type(outer) is dict else outer
            for key in {id(one) for one in within} & around.keys():
                around[key].append(outer)
    return around


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
                _redirect_in(holder, pairs, journal)
            below += _held(holder)
        level = below
        if len(seen) > WIDE:
            return


def _held(holder: Any) -> Iterable[Any]:
    """Give what a container or an instance holds, one step deep."""
    kind = type(holder)
    if issubclass(kind, dict):
        return list(holder.values())
    if issubclass(kind, (list, tuple, set, frozenset)):
        return list(holder)
    namespace = instance_dict(holder)
    return list(namespace.values()) if namespace is not None else ()


def _redirect_in(holder: Any, pairs: dict[int, tuple[Any, Any]], journal: Journal) -> bool:
    """Replace within a holder, no tuple; say whether it is a dict, a namespace maybe, or an instance that held one."""
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
    # `id` is an audited event, and costs thrice as much as `type`
    hits = [k for k, v in holder.items() if type(v) not in PLAIN and id(v) in pairs]
    hits = [k for k in hits if not _leads(holder, k, pairs[id(holder[k])][1])]
    keys = [k for k in holder if type(k) not in PLAIN and id(k) in pairs]
    if not hits and not keys:
        return False
    journal.content(holder)
    olds = {id(pairs[id(holder[key])][1]) for key in hits}
    others = [(k, v) for k, v in holder.items() if type(v) not in PLAIN]
    stale = [k for k, v in others if id(v) in olds and id(v) not in pairs]
    for key in hits:
        holder[key] = pairs[id(holder[key])][1]
    for key in stale:
        if key not in hits:
            del holder[key]
    for key in keys:
        value = holder.pop(key)
        holder[pairs[id(key)][1]] = value
    return bool(hits)


def _leads(holder: dict[Any, Any], key: Any, old: Any) -> bool:
    """Say whether this is where a function that forwards says which one it leads to (`functions.Graft.lead`)."""
    return key == "__wrapped__" and type(old) is FunctionType and old.__dict__ is holder


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
    holder: tuple[Any, ...],
    pairs: dict[int, tuple[Any, Any]],
    journal: Journal,
    outers: Iterable[Any],
) -> None:
    """A registry of tuples: ``REG.append((name, f))``. The old function's entry makes room for the new."""
    made = tuple(pairs[id(x)][1] if id(x) in pairs else x for x in holder)
    olds = {id(pairs[id(x)][1]) for x in holder if id(x) in pairs}
    for outer in outers:
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

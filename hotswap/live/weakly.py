"""Registries that hold what they hold weakly: `WeakSet`, `WeakValueDictionary`, `WeakKeyDictionary`, abstract classes.

Who looks for the holders of an object does not find them: they hold references, and those hold the object.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, Final
from weakref import KeyedRef, WeakKeyDictionary, WeakSet, WeakValueDictionary, getweakrefs, ref

from hotswap.live.looking import instance_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hotswap.live.journal import Journal

KINDS: Final = (WeakSet, WeakValueDictionary, WeakKeyDictionary)


def _base() -> int:
    """Count the references to a weak reference that counting makes, the list's included."""

    class Probe:
        __slots__ = ("__weakref__",)

    probe = Probe()
    (count,) = [sys.getrefcount(one) for one in [ref(probe)]]
    return count


BASE: Final = _base()


def _held(objects: Iterable[Any]) -> list[ref[Any]]:
    """Give the weak references to `objects` that somebody holds, but for those by which bases know their subclasses."""
    found = []
    for one in objects:
        known = len(one.__bases__) if isinstance(one, type) else 0
        for each in getweakrefs(one):
            if type(each) in (ref, KeyedRef):
                if sys.getrefcount(each) - BASE > (known if each.__callback__ is None else 0):
                    found.append(each)
    return found


def _holders(references: list[ref[Any]]) -> Iterator[Any]:
    """Give the sets and dicts that hold some of the references; one walk over the heap for all."""
    for holder in gc.get_referrers(*references) if references else ():
        if type(holder) is set or (type(holder) is dict and not _knows_subclasses(holder)):
            yield holder


def _knows_subclasses(holder: dict[Any, Any]) -> bool:
    """Say whether it is where a class keeps its subclasses, by their ids (Objects/typeobject.c, add_subclass)."""
    return all(type(k) is int and type(v) is ref and id(v()) == k for k, v in holder.items())


def redirect_weak(pairs: Iterable[tuple[Any, Any]], journal: Journal) -> None:
    """Let registries that hold throw-away objects weakly hold the old ones."""
    olds = {id(new): old for new, old in pairs}
    references = _held(new for new, _ in pairs)
    instead = {id(each): _another(each, olds[id(each())]) for each in references}
    for holder in _holders(references):
        if type(holder) is set:
            hits = [x for x in holder if id(x) in instead]
            if hits:
                journal.content(holder)
                holder.difference_update(hits)
                holder.update(instead[id(x)] for x in hits)
            continue
        if not any(id(k) in instead or id(v) in instead for k, v in holder.items()):
            continue
        journal.content(holder)
        items = list(holder.items())
        holder.clear()
        for key, value in items:
            holder[instead.get(id(key), key)] = instead.get(id(value), value)


def _another(each: ref[Any], referent: Any) -> ref[Any]:
    if type(each) is KeyedRef:
        return KeyedRef(referent, each.__callback__, each.key)
    return ref(referent, each.__callback__)


def drop_weak(dead: Any, journal: Journal, reachable: Callable[[Any], bool]) -> None:
    """Take a removed definition out of the registries that hold it weakly: it may live on for a while."""
    references = _held([dead])
    gone = set(map(id, references))
    for holder in _holders(references):
        if not reachable(holder):
            continue
        if type(holder) is set:
            journal.content(holder)
            holder.difference_update([x for x in holder if id(x) in gone])
        else:
            for key in [k for k, v in holder.items() if id(k) in gone or id(v) in gone]:
                journal.content(holder)
                del holder[key]


def take_weak(old: Any, new: Any, known: Callable[[Any], Any], journal: Journal) -> None:
    """Put what a registry was filled with on the side into the one that lives; what lives there stays."""
    data = (instance_dict(old) or {}).get("data")
    if data is not None:
        journal.content(data)
    if isinstance(old, WeakSet):
        for one in list(new):
            old.add(known(one))
    else:
        for key, value in list(new.items()):
            old[known(key)] = known(value)

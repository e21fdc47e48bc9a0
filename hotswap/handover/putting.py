"""Putting carried values back where they belong: into the very containers and objects that this image has made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.handover import places
from hotswap.handover.pickling import type_name
from hotswap.handover.places import CONTAINERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.handover.pickling import Entry
    from hotswap.handover.places import Place


def put(
    entry: Entry, held: Any, anchors: Mapping[tuple[Place, str], Any], modules: frozenset[str]
) -> str:
    """Put one value where it belongs; give a line when it no longer fits there.

    Args:
        entry: Where it was, and how it was written.
        held: The value, or the content of a container or object.
        anchors: What containers and objects of the last image are in this one.
        modules: Names of the program's modules.
    """
    place, name = entry.place, entry.name
    if place.kind == "memory":
        fill(anchors[place, name], held)
        return ""
    if place.kind == "keep":
        return _put_kept(entry, held, anchors)
    holder = places.holder_of(place)
    if holder is None:
        return f"{place}: state dropped, the new code has no such name"
    current = places.items(place, holder, modules)
    own = places.attributes(holder).get(name) if place.kind in ("module", "object") else None
    if own is not None and places.own_object(own, modules):
        current[name] = own
    if name not in current:
        if entry.was and place.kind in ("module", "class"):
            return ""  # the edit removed it
        if name in places.attributes(holder):
            return f"{place}.{name}: state dropped, the new code has something else there"
        value = anchors.get((place, name)) if entry.filled else held
        if entry.filled and value is not None:
            fill(value, held)
        places.put(place, holder, name, value)
        return ""
    value = current[name]
    if entry.filled and type_name(value) == entry.filled:
        fill(value, held)
        return ""
    old = entry.filled or type_name(held)
    if entry.filled and type_name(value) == entry.was:  # was None, became a container
        value = anchors.get((place, name))
        fill(value, held)
        places.put(place, holder, name, value)
        return ""
    if not entry.filled and type_name(value) in (old, entry.was):
        places.put(place, holder, name, held)
        return ""
    return (
        f"{place}.{name}: state dropped, it was a {short(old)} and is a {short(type_name(value))}"
    )


def fill(value: Any, held: Any) -> None:
    """Put carried content into a container or an object."""
    if type(value) in CONTAINERS:
        places.refill(value, held)
    else:
        places.set_attributes(value, held)


def _put_kept(entry: Entry, held: Any, anchors: Mapping[tuple[Place, str], Any]) -> str:
    """Put an object of `hotswap.keep` back: into the one import has made, or in wait for who asks later."""
    key = (entry.place.module, entry.name)
    kept = hooks.runtime.kept
    if entry.filled:
        value = anchors[entry.place, entry.name]
        fresh = kept.get(key, value)
        if type_name(fresh) != entry.filled:
            return (
                f"keep({entry.name!r}): dropped, it was a {short(entry.filled)} "
                f"and is a {short(type_name(fresh))}"
            )
        fill(fresh, held)
        if key not in kept:
            hooks.runtime.carried[key] = fresh
    elif key not in kept:
        hooks.runtime.carried[key] = held
    else:
        fresh, kept[key] = kept[key], held
        module = sys.modules.get(key[0])
        for name, each in list(vars(module).items()) if module is not None else ():
            if each is fresh:
                setattr(module, name, held)
    return ""


def short(name: str) -> str:
    """Give a type's name as reports show it."""
    return name.removeprefix("builtins.")

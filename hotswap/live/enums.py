"""Grafting enums: members keep their identity, values, order and new members come from the new class."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Refused
from hotswap.live.classes import set_bases
from hotswap.live.functions import WRAPPERS
from hotswap.live.journal import MISSING
from hotswap.live.namespaces import own_dict, shared
from hotswap.live.registries import same_content

if TYPE_CHECKING:
    from hotswap.live.functions import Graft

TABLES = ("_member_names_", "_member_map_", "_value2member_map_")


def merge_enum(graft: Graft, old: Any, new: Any) -> Any:
    """Patch enum class `old` from the throw-away `new`.

    Raises:
        Refused: A member that is itself an int or str changed its value.
    """
    journal = graft.journal
    before = dict(old._member_map_)
    if old._member_type_ is not new._member_type_:
        raise Refused(f"the type mixed into {old.__qualname__} changed")
    if old._member_type_ is not object:
        for name, member in new._member_map_.items():
            if name in before and before[name]._value_ != member._value_:
                raise Refused(
                    f"{old.__qualname__}.{name} is a {old._member_type_.__name__} and changed its value"
                )
    graft.pairs.add(new, old)
    rebased = tuple(graft.pairs.known(b) for b in new.__bases__) != old.__bases__
    set_bases(graft, old, new)
    _remember(graft, old)
    ours, theirs = own_dict(old), own_dict(new)
    members: dict[str, Any] = {}
    for name, member in new._member_map_.items():
        if member._name_ != name:
            members[name] = members[member._name_]  # an alias
            continue
        current = before.get(name)
        if current is None or current._name_ != name:
            object.__setattr__(member, "__class__", old)
            journal.undo(partial(object.__setattr__, member, "__class__", new))
            if "__objclass__" in member.__dict__:
                member.__dict__["__objclass__"] = old
            current = member
        else:
            if not _alike(current, member):
                graft.changed.attributes.add((id(old), name))
            current.__dict__.clear()
            current.__dict__.update(member.__dict__)
            current.__objclass__ = old
            if "_inverted_" in current.__dict__:
                current._inverted_ = None
            graft.pairs.add(member, current)
        members[name] = current
    graft.changed.attributes |= {(id(old), name) for name in {*before} ^ {*members}}
    for name, member in members.items():
        if name not in ours and name in theirs:
            value = theirs[name]
            journal.setattr(old, name, member if value is new._member_map_[name] else value)
        elif name in ours and ours[name] is before.get(name) and ours[name] is not member:
            journal.setattr(old, name, member)
    for name in before:
        if name not in members and name in ours:
            journal.delattr(old, name)
    old._member_names_[:] = new._member_names_
    old._member_map_.clear()
    old._member_map_.update(members)
    composed = {
        v: m
        for v, m in old._value2member_map_.items()
        if m._name_ not in before
        and isinstance(v, int)
        and v & ~getattr(new, "_flag_mask_", 0) == 0
    }
    for pseudo in composed.values():  # R|W made before the edit stays itself
        journal.content(pseudo.__dict__)
        pseudo.__dict__.pop("_inverted_", None)
        pseudo._inverted_ = None
    old._value2member_map_.clear()
    old._value2member_map_.update(composed)
    old._value2member_map_.update({v: members[m._name_] for v, m in new._value2member_map_.items()})
    if "_unhashable_values_" in theirs and "_unhashable_values_" in ours:
        journal.content(ours["_unhashable_values_"])
        ours["_unhashable_values_"][:] = theirs["_unhashable_values_"]
    _rest(graft, old, ours, theirs, set(before) | set(members), rebased=rebased)
    graft.changed.shaped.append(old)
    return old


def _alike(current: Any, member: Any) -> bool:
    """Say whether a member is what it was: its value, and what its constructor set."""
    own = ("__objclass__", "_sort_order_", "_inverted_")
    was = {k: v for k, v in current.__dict__.items() if k not in own}
    now = {k: v for k, v in member.__dict__.items() if k not in own}
    return was.keys() == now.keys() and all(same_content(was[k], now[k]) for k in was)


def _remember(graft: Graft, old: Any) -> None:
    for table in TABLES:
        graft.journal.content(getattr(old, table))
    for member in dict(old._member_map_).values():
        graft.journal.content(member.__dict__)


def _rest(
    graft: Graft,
    old: Any,
    ours: dict[str, Any],
    theirs: dict[str, Any],
    members: set[str],
    *,
    rebased: bool,
) -> None:
    """Methods, properties, docstring and flag masks."""
    skip = {
        *members,
        *TABLES,
        "__dict__",
        "__weakref__",
        "__module__",
        "__qualname__",
        "_member_type_",
    }
    skip |= {"_unhashable_values_", "_unhashable_values_map_", "_hashable_values_"}
    for name, value in theirs.items():
        if name in skip:
            continue
        current = ours.get(name, MISSING)
        merged = value
        if (
            current is not MISSING
            and type(current) is type(value)
            and isinstance(value, (FunctionType, *WRAPPERS))
            and not shared(current, value, old)
        ):
            merged = graft.merge(current, value, old)
        if merged is not current:
            graft.changed.attributes.add((id(old), name))
            graft.journal.setattr(old, name, merged)
    delta = graft.told.deltas.get((old.__module__, old.__qualname__))
    redecorated = (old.__module__, old.__qualname__) in graft.told.redecorated
    for name in ours:
        if name not in theirs and name not in skip:
            if redecorated or rebased or (delta is not None and name in delta.bound):
                graft.journal.delattr(old, name)

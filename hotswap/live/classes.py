"""Grafting classes: the old class stays and takes what the re-executed class statement made."""

from __future__ import annotations

import functools
import types
import typing
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from hotswap.live.abstract import count_abstract
from hotswap.live.adapters.base import Refused
from hotswap.live.functions import WRAPPERS
from hotswap.live.journal import MISSING
from hotswap.live.namespaces import (
    class_cells,
    layout,
    lives_elsewhere,
    made_for,
    nested_in,
    only_alias,
    own_dict,
    serves_still,
    shared,
)
from hotswap.live.redirecting import redirect_below
from hotswap.live.registries import same_content
from hotswap.live.successors import take_new

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from hotswap.live.functions import Graft

UNTOUCHED: Final = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__module__",
        "__slots__",
        "_abc_impl",
        "__abstractmethods__",
        "__qualname__",
    }
)
GENERATED: Final = frozenset(
    [
        "__annotations__",
        "__attrs_attrs__",
        "__attrs_props__",
        "__attrs_base_of_slotted__",
        "__attrs_own_setattr__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__final__",
        "__hash__",
        "__match_args__",
        "__orig_bases__",
        "__parameters__",
        "__type_params__",
        "__doc__",
        "__static_attributes__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__protocol_attrs__",
        "__non_callable_proto_members__",
        "__required_keys__",
        "__optional_keys__",
        "__total__",
        "__readonly_keys__",
        "__mutable_keys__",
        "_is_protocol",
        "_is_runtime_protocol",
        "__replace__",
        "__attrs_init__",
        "__eq__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__setstate__",
        "__getstate__",
        "__init__",
        "__repr__",
        "__setattr__",
        "__delattr__",
    ]
)
"""Keys of a class that decorators, bases and the compiler make: they go when the new class lacks them."""
BROUGHT: Final[WeakKeyDictionary[type, frozenset[str]]] = WeakKeyDictionary()
"""What a class's statement made when it last ran: a metaclass, `__init_subclass__`, a decorator may add to the body."""
LED: Final[WeakKeyDictionary[type, dict[str, FunctionType]]] = WeakKeyDictionary()
"""Methods of a class, by name, that forward to another one, for which their name stands: they may come back."""
DESCRIPTORS: Final = (types.MemberDescriptorType, types.GetSetDescriptorType)


def merge_class(graft: Graft, old: type, new: type) -> Any:
    """Patch `old` in place from the throw-away `new`; give the class that lives on.

    Raises:
        Refused: A live instance or subclass stands in the way; only a fresh process can take the change.
    """
    import enum

    ours, theirs = own_dict(old), own_dict(new)
    if "__mapper__" in ours or "__table__" in theirs:
        raise Refused(
            f"{old.__qualname__} is mapped by SQLAlchemy, which registers a table once only"
        )
    if type(old) is not type(new):
        return take_new(graft, old, new, f"the metaclass of {old.__qualname__} changed")
    if issubclass(old, tuple) and ours.get("_fields", MISSING) != theirs.get("_fields", MISSING):
        return take_new(graft, old, new, f"the fields of NamedTuple {old.__qualname__} changed")
    if isinstance(old, enum.EnumMeta):
        from hotswap.live.enums import merge_enum

        return merge_enum(graft, old, new)
    if layout(old) != layout(new):
        return take_new(
            graft, old, new, f"the memory layout of {old.__qualname__} changed (__slots__ or bases)"
        )
    graft.pairs.add(new, old)
    set_bases(graft, old, new)
    if id(new) not in graft.pairs:
        return graft.pairs.known(old)
    _members(graft, old, new, ours, theirs)
    hung = (value for name, value in theirs.items() if name not in GENERATED)
    redirect_below(hung, new, old, graft.journal)
    if "__pydantic_fields__" in theirs or "__pydantic_core_schema__" in theirs:
        from hotswap.live.pydantic_models import rebuild

        rebuild(graft, old, new)
    graft.changed.shaped.append(old)
    if "__parameters__" in ours or "__parameters__" in theirs:
        for forget in getattr(typing, "_cleanups", ()):  # Box[int] is cached by typing
            forget()
    return old


def _members(
    graft: Graft, old: type, new: type, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    journal = graft.journal
    delta = graft.told.deltas.get((new.__module__, new.__qualname__))
    kept = delta.kept if delta is not None else frozenset()
    kept -= graft.told.refilled.get((new.__module__, new.__qualname__), frozenset())
    bound = delta.bound if delta is not None else frozenset()
    if "__pydantic_fields__" in theirs:
        kept = frozenset()
    cells = class_cells(new, theirs)
    names = [*theirs]
    # nested classes first: instances are judged by them
    names.sort(key=lambda n: not isinstance(theirs[n], type))
    for name in names:
        value = theirs[name]
        if name in UNTOUCHED or isinstance(value, DESCRIPTORS):
            continue
        before = ours.get(name, MISSING)
        if (
            name in kept
            and before is not MISSING
            and not isinstance(value, (FunctionType, type, *WRAPPERS))
        ):
            continue
        after = _merged(graft, old, name, ours, theirs)
        if after is before:
            continue
        if not same_content(before, after):
            graft.changed.attributes.add((id(old), name))
        journal.setattr(old, name, after)
        if after is value:
            name_again(graft, old, name, value)
    for name in [name for name in ours if name not in theirs]:
        if _goes(graft, old, new, name, ours[name], bound):
            graft.changed.attributes.add((id(old), name))
            journal.delattr(old, name)
    brought = frozenset(theirs)
    journal.on_commit(lambda: BROUGHT.__setitem__(old, brought))
    if ours.get("__slots__") != theirs.get("__slots__"):
        journal.setattr(old, "__slots__", theirs["__slots__"])  # the same names in another order
    for cell in cells:
        graft.set_cell(cell, old)
    if "__abstractmethods__" in theirs or "__abstractmethods__" in ours:
        count_abstract(graft, old, theirs)


def _merged(
    graft: Graft,
    old: type,
    name: str,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
) -> Any:
    """Give what the class has under a name: what it had, where that takes the new one; else the new one."""
    before, value = ours.get(name, MISSING), theirs[name]
    former = LED.get(old, {}).get(name)
    if former is not None and type(value) is FunctionType and id(value) not in graft.pairs:
        if not lives_elsewhere(value, old):  # a method of its own again
            graft.journal.content(LED[old])
            del LED[old][name]
            return graft.merge(former, value, old)
    after = graft.pairs.known(value)  # ``__iter__ = __await__`` names what has been merged already
    if (
        before is not MISSING
        and type(before) is type(value)
        and not shared(before, value, old)
        and not only_alias(name, before, value, ours, theirs)
        and not (type(value) is FunctionType and graft.is_taken(before, value))
    ):
        if isinstance(before, (FunctionType, *WRAPPERS, functools._lru_cache_wrapper)) or (
            isinstance(before, type) and nested_in(before, old)
        ):
            after = graft.merge(before, value, old)
    if id(before) in graft.changed.forwarding and type(value) is FunctionType:
        # whoever holds the old method is forwarded; the class has the new one
        graft.pairs.pop(id(value), None)
        after = value
    if (
        type(before) is type(after) is FunctionType
        and after is not before
        and id(before) not in graft.changed.forwarding
        and not lives_elsewhere(before, old)
        and not serves_still(before, name, value, ours, theirs)
        and (lives_elsewhere(value, old) or not graft.is_written(before))
    ):
        # ``def fatal(self): ...`` was a method, ``fatal = critical`` is another's name
        graft.lead(before, after)
        graft.journal.setitem(LED.setdefault(old, {}), name, before)
    return after


def _goes(graft: Graft, old: type, new: type, name: str, value: Any, bound: Container[str]) -> bool:
    """Say whether an attribute that the new class lacks goes; what the program put on the class stays.

    Args:
        graft: What is known of this swap's classes.
        old: The class.
        new: The throw-away one.
        name: The attribute.
        value: What it is.
        bound: Names that the old class statement bound in its body.
    """
    if name in UNTOUCHED or isinstance(value, DESCRIPTORS):
        return False
    if name in bound or name in GENERATED or name in BROUGHT.get(old, ()):
        return True
    if made_for(value, old, name) or (new.__module__, new.__qualname__) in graft.told.redecorated:
        return True
    emptied = (old.__module__, old.__qualname__) in graft.told.emptied
    return emptied and not name.startswith("__")


def name_again(graft: Graft, owner: type, name: str, value: Any) -> None:
    """Tell a new descriptor its owner, as class creation would."""
    if isinstance(value, (FunctionType, type, property, staticmethod, classmethod)):
        return
    setter = getattr(type(value), "__set_name__", None)
    if setter is None:
        return
    try:
        setter(value, owner, name)
    except Exception as error:  # noqa: BLE001 - it accepted the throw-away class; a second owner is not its contract
        graft.notes.append(
            f"{owner.__qualname__}.{name}: __set_name__ raised {type(error).__name__}: {error}"
        )


def set_bases(graft: Graft, old: type, new: type) -> None:
    """Give `old` the bases of `new`, throw-away classes among them replaced."""
    wanted = tuple(graft.pairs.known(b) for b in new.__bases__)
    before = old.__bases__
    if wanted == before:
        return
    try:
        old.__bases__ = wanted
    except TypeError as error:
        del graft.pairs[id(new)]
        take_new(graft, old, new, f"the bases of {old.__qualname__} changed: {error}")
        return
    graft.changed.attributes.add((id(old), "*"))
    graft.journal.undo(lambda: setattr(old, "__bases__", before))

"""Grafting classes: the old class stays and takes what the re-executed class statement made."""

from __future__ import annotations

import functools
import gc
import sys
import types
import typing
from abc import ABCMeta, update_abstractmethods
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from hotswap.live import registries
from hotswap.live.adapters.base import Refused
from hotswap.live.functions import WRAPPERS
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, content
from hotswap.live.registries import same_content

if TYPE_CHECKING:
    from collections.abc import Mapping

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
DESCRIPTORS: Final = (types.MemberDescriptorType, types.GetSetDescriptorType)


def own_dict(cls: type) -> dict[str, Any]:
    """Give a copy of a class's own namespace, past any metaclass."""
    return dict(class_dict(cls))


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
    graft.pair(new, old)
    set_bases(graft, old, new)
    if id(new) not in graft.pairs:
        return graft.known(old)
    _members(graft, old, new, ours, theirs)
    hung = (value for name, value in theirs.items() if name not in GENERATED)
    registries.redirect_below(hung, new, old, graft.journal)
    if "__pydantic_fields__" in theirs or "__pydantic_core_schema__" in theirs:
        from hotswap.live.pydantic_models import rebuild

        rebuild(graft, old, new)
    graft.shaped.append(old)
    if "__parameters__" in ours or "__parameters__" in theirs:
        for forget in getattr(typing, "_cleanups", ()):  # Box[int] is cached by typing
            forget()
    return old


def _members(
    graft: Graft, old: type, new: type, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    journal = graft.journal
    delta = graft.deltas.get((new.__module__, new.__qualname__))
    kept = delta.kept if delta is not None else frozenset()
    kept -= graft.refilled.get((new.__module__, new.__qualname__), frozenset())
    bound = delta.bound if delta is not None else frozenset()
    if "__pydantic_fields__" in theirs:
        kept = frozenset()
    cells = class_cells(new, theirs)
    names = [*theirs]
    names.sort(
        key=lambda n: not isinstance(theirs[n], type)
    )  # nested classes first: instances are judged by them
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
        after = graft.known(value)  # ``__iter__ = __await__`` names what has been merged already
        if (
            before is not MISSING
            and type(before) is type(value)
            and not shared(before, value, old)
            and not _only_alias(name, before, value, ours, theirs)
        ):
            if isinstance(before, (FunctionType, *WRAPPERS, functools._lru_cache_wrapper)) or (
                isinstance(before, type) and nested_in(before, old)
            ):
                after = graft.merge(before, value, old)
        if type(before) is type(value) is FunctionType and not _lives_elsewhere(before, old):
            if _lives_elsewhere(value, old):
                graft.lead(before, value)
        if id(before) in graft.forwarding and type(value) is FunctionType:
            graft.pairs.pop(
                id(value), None
            )  # whoever holds the old method is forwarded; the class has the new one
            after = value
        if after is before:
            continue
        if name == "__hash__" and after is None and before is None:
            continue
        if not same_content(before, after):
            graft.attributes.add((id(old), name))
        journal.setattr(old, name, after)
        if after is value:
            name_again(graft, old, name, value)
    for name, value in ours.items():
        if name in theirs or name in UNTOUCHED or isinstance(value, DESCRIPTORS):
            continue
        if (
            name in bound
            or name in GENERATED
            or _made_for(value, old, name)
            or name in BROUGHT.get(old, ())
            or ((old.__module__, old.__qualname__) in graft.emptied and not name.startswith("__"))
            or (new.__module__, new.__qualname__) in graft.redecorated
        ):
            graft.attributes.add((id(old), name))
            journal.delattr(old, name)
    brought = frozenset(theirs)
    journal.on_commit(lambda: BROUGHT.__setitem__(old, brought))
    if ours.get("__slots__") != theirs.get("__slots__"):
        journal.setattr(old, "__slots__", theirs["__slots__"])  # the same names in another order
    for cell in cells:
        graft.set_cell(cell, old)
    if "__abstractmethods__" in theirs or "__abstractmethods__" in ours:
        _abstract(graft, old, theirs)


def _abstract(graft: Graft, old: type, theirs: dict[str, Any]) -> None:
    names = theirs.get("__abstractmethods__", frozenset())
    before = own_dict(old).get("__abstractmethods__", frozenset())
    if names != before:
        # a getset of type: deleting it would lose the flag, an empty set clears it
        graft.journal.undo(lambda: setattr(old, "__abstractmethods__", before))
        old.__abstractmethods__ = names  # type: ignore[attr-defined]
    if isinstance(old, ABCMeta):
        forget_checks(graft, old)


def forget_checks(graft: Graft, cls: type) -> None:
    """Drop what ABCs cached about ``isinstance``, and work out again which methods subclasses still lack."""
    from _abc import _reset_caches  # type: ignore[import-not-found]  # abc.py uses it, where it exists

    _reset_caches(cls)
    children: list[type] = type.__subclasses__(cls)
    for child in children:
        if isinstance(child, ABCMeta):
            before = own_dict(child).get("__abstractmethods__", frozenset())
            recount: Any = update_abstractmethods
            recount(child)
            if own_dict(child).get("__abstractmethods__", frozenset()) != before:
                graft.journal.undo(lambda c=child, b=before: setattr(c, "__abstractmethods__", b))  # type: ignore[misc]
            forget_checks(graft, child)


def _made_for(value: Any, cls: type, name: str) -> bool:
    """Say whether a decorator made this method for the class: its qualified name says so, an outsider's does not."""
    function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    if isinstance(function, property):
        function = function.fget
    if type(function) is not FunctionType:
        return False
    return function.__qualname__ == f"{cls.__qualname__}.{name}"


def nested_in(inner: type, outer: type) -> bool:
    """Say whether `inner` was defined in the body of `outer`."""
    return inner.__qualname__.startswith(outer.__qualname__ + ".")


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


def class_cells(cls: type, namespace: dict[str, Any]) -> list[types.CellType]:
    """Give the `__class__` cells of the methods of `cls`: one, or two when a decorator made the class anew."""
    found: dict[int, types.CellType] = {}
    for value in namespace.values():
        for function in functions_in(value):
            names = function.__code__.co_freevars
            if "__class__" in names and function.__closure__ is not None:
                cell = function.__closure__[names.index("__class__")]
                held = content(cell)
                if held is cls or (
                    isinstance(held, type) and held.__qualname__ == cls.__qualname__
                ):
                    found[id(cell)] = cell
    return list(found.values())


def functions_in(value: Any) -> list[FunctionType]:
    """Give the functions inside a class attribute: through descriptors and wrappers."""
    if isinstance(value, (staticmethod, classmethod)):
        return functions_in(value.__func__)
    if isinstance(value, property):
        return [f for g in (value.fget, value.fset, value.fdel) for f in functions_in(g)]
    if isinstance(value, functools.cached_property):
        return functions_in(value.func)
    found = []
    seen = 0
    while value is not None and seen < 20:
        if type(value) is FunctionType:
            found.append(value)
        if isinstance(value, type):
            break
        namespace = getattr(type(value), "__dict__", {}).get(
            "__dict__"
        ) and object.__getattribute__(value, "__dict__")
        value = namespace.get("__wrapped__") if isinstance(namespace, dict) else None
        seen += 1
    return found


def layout(cls: type) -> tuple[Any, ...]:
    """Give what instances of a class look like in memory; the order of `__slots__` does not count."""
    slots = own_dict(cls).get("__slots__", MISSING)
    if isinstance(slots, str):
        slots = (slots,)
    names = slots if slots is MISSING else frozenset(slots)
    return (cls.__basicsize__, cls.__itemsize__, cls.__dictoffset__, cls.__weakrefoffset__, names)


def set_bases(graft: Graft, old: type, new: type) -> None:
    """Give `old` the bases of `new`, throw-away classes among them replaced."""
    wanted = tuple(graft.known(b) for b in new.__bases__)
    before = old.__bases__
    if wanted == before:
        return
    try:
        old.__bases__ = wanted
    except TypeError as error:
        del graft.pairs[id(new)]
        take_new(graft, old, new, f"the bases of {old.__qualname__} changed: {error}")
        return
    graft.attributes.add((id(old), "*"))
    graft.journal.undo(lambda: setattr(old, "__bases__", before))


def take_new(graft: Graft, old: type, new: type, reason: str) -> type:
    """Let the new class replace the old one, where nothing live was made from the old.

    Its methods go on as the old function objects, which others may hold. Its subclasses are given the new class as
    their base; one that CPython does not let go (another metaclass, another layout) has to be made anew by its own
    statement before the swap ends (`refuse_orphans`).

    Raises:
        Refused: An instance of the old class lives.
    """
    alive = [o for o in gc.get_objects() if type(o) is old]
    if alive:
        raise Refused(f"{reason}, and {len(alive)} of it live{'s' if len(alive) == 1 else ''}")
    graft.pair(old, new)
    graft.attributes.add((id(new), "*"))
    _hand_methods_over(graft, old, new)
    for child in subclasses(old):
        if child is new or id(child) in graft.pairs:
            continue
        try:
            _rebase(graft, child, old, new)
        except TypeError:
            graft.orphans[id(child)] = f"{reason}, and it has subclasses ({child.__qualname__})"
    graft.shaped.append(new)
    return new


def _hand_methods_over(graft: Graft, old: type, new: type) -> None:
    """Let the old class's functions do what the new class's do, in the new class."""
    ours, theirs = own_dict(old), own_dict(new)
    for cell in class_cells(old, ours):
        graft.set_cell(cell, new)
    for name, value in theirs.items():
        before = ours.get(name, MISSING)
        if type(before) is type(value) and isinstance(value, (FunctionType, *WRAPPERS)):
            if not shared(before, value, new):
                merged = graft.merge(before, value, new)
                if merged is not value:
                    graft.journal.setattr(new, name, merged)


def _rebase(graft: Graft, child: type, old: type, new: type) -> None:
    if type(old) is not type(new):
        raise TypeError("the metaclass of a class cannot be changed")
    before = child.__bases__
    child.__bases__ = tuple(new if base is old else base for base in before)
    graft.journal.undo(lambda: setattr(child, "__bases__", before))
    if isinstance(child, ABCMeta):
        forget_checks(graft, child)


def refuse_orphans(graft: Graft) -> None:
    """After all statements ran: see that every subclass of a replaced class was made anew too.

    Raises:
        Refused: One was not.
    """
    for child, reason in graft.orphans.items():
        if child not in graft.pairs:
            raise Refused(reason)


def refuse_alive(old: type, home: str) -> None:
    """Refuse to let a class move to another module while instances of it live.

    Raises:
        Refused: There are some.
    """
    alive = sum(type(o) is old for o in gc.get_objects())
    if alive:
        kept = f"{alive} of it live{'s' if alive == 1 else ''}"
        raise Refused(f"{old.__qualname__} moved to {home}, and {kept}")


def take_moved(graft: Graft, old: type, new: type) -> None:
    """A class moved to another module: who holds the old one gets the new one, if nothing was made from the old.

    Raises:
        Refused: Instances live; in this process they would belong to a class that the source no longer has.
    """
    refuse_alive(old, new.__module__)
    graft.pair(old, new)
    theirs = own_dict(new)
    for name, value in own_dict(old).items():
        after = theirs.get(name)
        if isinstance(value, FunctionType) and isinstance(after, FunctionType):
            graft.lead(value, after)


def _only_alias(
    name: str, before: Any, value: Any, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> bool:
    """Say whether a name stood for a method of another name (``start = open``) and no longer does."""
    if type(before) is not FunctionType:
        return False
    real: str = before.__name__
    return real != name and ours.get(real) is before and theirs.get(real) is not value


def shared(before: Any, value: Any, owner: type) -> bool:
    """Say whether a class attribute is a function that lives elsewhere under its own name.

    ``__ne__ = module_function`` or ``run = Base.run``: others use it too, so neither may it take this class's body nor
    may this class's own function take its place.
    """
    return any(_lives_elsewhere(function, owner) for function in (before, value))


def _lives_elsewhere(function: Any, owner: type) -> bool:
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    if type(function) is not FunctionType:
        return False
    if function.__globals__.get(function.__name__) is function:
        return True  # whatever it was told to be called: attrs names one `__ne__` after each class in turn
    if "<locals>" in function.__qualname__:
        return False
    if "." in function.__qualname__:
        return not function.__qualname__.startswith(f"{owner.__qualname__}.")
    found: Any = sys.modules.get(function.__module__)
    return type(found) is types.ModuleType and found.__dict__.get(function.__name__) is function


def subclasses(cls: type) -> list[type]:
    """Give the direct subclasses of a class, of a metaclass too."""
    found: list[type] = type.__subclasses__(cls)
    return found

"""Grafting: what a re-executed statement made goes into the object that was there before, which keeps its identity."""

from __future__ import annotations

import functools
import types
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from hotswap.live.conformer import FITTED, conforming
from hotswap.live.forwarding import Callee, forwarding_code, wraps
from hotswap.live.gathered import Gathering
from hotswap.live.grafted import Changed, Told
from hotswap.live.journal import MISSING
from hotswap.live.looking import content, is_made
from hotswap.live.pairs import Pairs
from hotswap.live.registries import same_content
from hotswap.live.signatures import by_parameter, kept_defaults, signs
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap.live.journal import Journal
    from hotswap.source.units import Text

COPIED: Final = ("__defaults__", "__kwdefaults__", "__doc__", "__name__", "__qualname__")
WRAPPERS: Final = (staticmethod, classmethod, property, functools.cached_property)
MARKS: Final[WeakKeyDictionary[FunctionType, set[str]]] = WeakKeyDictionary()
"""Attributes that grafting brought to a function: they go when the statement no longer makes them."""
_CACHE: Final = type(functools.lru_cache(len))


class Graft:
    """Merges new objects into old ones within one swap.

    Args:
        journal: Takes every undo.
        texts: New sources by `co_filename`, for conforming free variables.
        prepare: Applied to every code that goes into a live function.
    """

    def __init__(
        self, journal: Journal, texts: dict[str, Text], prepare: Callable[[CodeType], CodeType]
    ) -> None:
        self.journal = journal
        self.texts = texts
        self.prepare = prepare
        self.pairs = Pairs()
        self.gathering = Gathering(journal, self.pairs)
        self.fresh: dict[int, Any] = {}
        """id(x) -> x: instances, or their namespaces, that held a `new`: they were made of it in this swap."""
        self.taken: dict[int, FunctionType] = {}
        """id(method) -> the first that went into it."""
        self.told = Told()
        self.changed = Changed()
        self.notes: list[str] = []
        self.compiled: Mapping[str, CodeType] = {}
        """By `co_filename`: the new compiles of the edited files, as live functions run them."""
        self._written: dict[str, set[CodeType]] = {}

    def is_written(self, function: FunctionType) -> bool:
        """Say whether the definition that a function runs stands in the source still, as far as that was edited."""
        code = function.__code__
        whole = self.compiled.get(code.co_filename)
        if whole is None:
            return True
        if code.co_filename not in self._written:
            self._written[code.co_filename] = set(codes.walk(whole))
        plain = FITTED[id(code)][1] if id(code) in FITTED else code
        return plain in self._written[code.co_filename]

    def is_taken(self, old: FunctionType, new: FunctionType) -> bool:
        """Say whether a method that several classes had in common stands for another class's by now (attrs)."""
        first = self.taken.setdefault(id(old), new)
        return first is not new and first.__qualname__ != new.__qualname__

    def merge(self, old: Any, new: Any, owner: type | None = None) -> Any:
        """Put `new` into `old`; give the one that lives on: `old`, or `new` where they cannot be merged."""
        if old is new:
            return old
        if id(new) in self.pairs:
            return self.pairs[id(new)][1]
        if type(old) is FunctionType and type(new) is FunctionType:
            return self.function(old, new, owner)
        if isinstance(old, type) and isinstance(new, type):
            from hotswap.live.classes import merge_class

            return merge_class(self, old, new)
        if type(old) is FunctionType and isinstance(new, type):
            self.lead(old, new)  # whoever holds it makes instances by calling it, as before
            return new
        kind = type(old)
        if kind is type(new):
            merger = _MERGERS.get(kind)
            if merger is not None:
                return merger(self, old, new, owner)
            if isinstance(new, functools.singledispatchmethod):
                return new
        return new

    # -- functions -------------------------------------------------------------------------------------------------
    def function(self, old: FunctionType, new: FunctionType, owner: type | None = None) -> Any:
        """Make `old` behave as `new`."""
        code = new.__code__
        if codes.forwards(old.__code__):
            self.changed.abandoned |= {
                id(one) for one in old.__code__.co_consts if type(one) is FunctionType
            }
        if wraps(new, old):
            return self.stand_aside(old, new)
        if new.__globals__ is not old.__globals__:
            # the decorator that made it has moved: its code reads names of another module
            self.lead(old, new)
            return new
        if code.co_freevars != old.__code__.co_freevars:
            text = self.texts.get(code.co_filename)
            conformed = (
                conforming(text, code, old.__code__.co_freevars, owner)
                if text is not None
                else None
            )
            if conformed is None:
                return self.forward(old, new)
            code = self.prepare(conformed)
            FITTED[id(code)] = (code, new.__code__)
            self.pairs.add(new, old)
        else:
            self.pairs.add(new, old)
            self._cells(old, new)
        journal = self.journal
        before = self.told.codes_before.get(id(old), old.__code__)
        defaults = (old.__defaults__, old.__kwdefaults__)
        if signs(old, before) != signs(new, code):
            self.changed.resigned.append(old)
        journal.recode(old, code)
        for name in COPIED:
            value = getattr(new, name)
            if name in ("__defaults__", "__kwdefaults__") and value:
                kept = self.told.keep_defaults.get(new.__qualname__)
                if kept:
                    value = kept_defaults(new, name, kept, before, defaults)
            journal.setattr(old, name, value)
        was, now = by_parameter(before, *defaults), by_parameter(code, *_defaults(old))
        if any(n in was and not same_content(was[n], value) for n, value in now.items()):
            self.changed.redefaulted.append(old)
        if old.__module__ != new.__module__ and old.__module__ == old.__globals__.get("__name__"):
            journal.setattr(old, "__module__", new.__module__)
        if hasattr(new, "__annotate__"):
            journal.setattr(old, "__annotate__", new.__annotate__)
        else:
            journal.setattr(old, "__annotations__", new.__annotations__)
        if hasattr(new, "__type_params__"):
            journal.setattr(old, "__type_params__", new.__type_params__)
        self._attributes(old, new)
        return old

    def _cells(self, old: FunctionType, new: FunctionType) -> None:
        for name, ours, theirs in zip(
            new.__code__.co_freevars, old.__closure__ or (), new.__closure__ or (), strict=False
        ):
            if name == "__class__" or ours is theirs:
                continue
            before, after = content(ours), content(theirs)
            if after is MISSING or before is after:
                continue
            was = self.told.closures.get(id(old), {}).get(name, MISSING)
            if (
                isinstance(before, (FunctionType, type))
                and type(before) is type(after)
                and not (isinstance(before, type) and not is_made(before))
            ):
                after = self.merge(before, after)
            elif before is not MISSING:
                after = self.gathering.merge(was, before, after)
            self.set_cell(ours, after)

    def set_cell(self, cell: CellType, value: Any) -> None:
        """Write a cell so that it can be put back."""
        before = content(cell)
        if before is MISSING:
            self.journal.undo(lambda: delattr(cell, "cell_contents"))
        else:
            self.journal.undo(lambda: setattr(cell, "cell_contents", before))
        cell.cell_contents = value

    def _attributes(self, old: FunctionType, new: FunctionType) -> None:
        journal = self.journal
        ours, theirs = old.__dict__, new.__dict__
        gone = [k for k in MARKS.get(old, ()) if k in ours and k not in theirs]
        if gone:
            journal.content(ours)
            for key in gone:  # an earlier version of the decorator put it there
                del ours[key]
        MARKS[old] = {*theirs}
        for key, value in list(theirs.items()):
            before = ours.get(key, MISSING)
            merged = value
            if key == "__wrapped__" and before is not MISSING and before is not old:
                merged = self.merge(before, value)
            if merged is not old and merged is not before:
                journal.setitem(ours, key, merged)
        if "__wrapped__" in ours and "__wrapped__" not in theirs:
            journal.content(ours)
            del ours["__wrapped__"]

    def forward(self, old: FunctionType, new: FunctionType) -> Any:
        """Keep `old`'s identity where closures differ: it forwards every call to `new`."""
        gathered = self.told.closures.get(id(old), {})
        held = zip(old.__code__.co_freevars, old.__closure__ or (), strict=False)
        ours = {name: content(cell) for name, cell in held if name in gathered}
        for name, cell in zip(new.__code__.co_freevars, new.__closure__ or (), strict=False):
            before, after = ours.get(name, MISSING), content(cell)
            if MISSING not in (before, after) and not isinstance(before, (FunctionType, type)):
                self.set_cell(cell, self.gathering.merge(gathered[name], before, after))
        self.lead(old, new)
        self.pairs.add(new, old)
        return old

    def lead(self, old: FunctionType, new: Callee) -> None:
        """Let whoever holds `old` reach `new`, a function or a class, which lives on in its own right."""
        journal = self.journal
        self.changed.resigned.append(old)
        code = forwarding_code(old, new)
        journal.recode(old, self.prepare(code))
        for name in ("__defaults__", "__kwdefaults__"):
            journal.setattr(old, name, None)
        for name in ("__doc__", "__name__", "__qualname__"):
            journal.setattr(old, name, getattr(new, name))
        if isinstance(new, FunctionType):
            journal.setattr(old, "__annotations__", new.__annotations__)
            for key, value in list(new.__dict__.items()):
                if key != "__wrapped__":
                    journal.setitem(old.__dict__, key, value)
        journal.setitem(old.__dict__, "__wrapped__", new)
        self.changed.forwarding.add(id(old))

    def stand_aside(self, old: FunctionType, new: FunctionType) -> Any:
        """`new` is a wrapper around `old` itself: a private copy of `old` takes its place inside, `old` forwards."""
        inner = FunctionType(
            old.__code__, old.__globals__, old.__name__, old.__defaults__, old.__closure__
        )
        inner.__kwdefaults__ = old.__kwdefaults__
        inner.__dict__.update(old.__dict__)
        inner.__annotations__ = old.__annotations__
        inner.__doc__, inner.__qualname__ = old.__doc__, old.__qualname__
        for cell in new.__closure__ or ():
            if content(cell) is old:
                self.set_cell(cell, inner)
        if new.__dict__.get("__wrapped__") is old:
            self.journal.setitem(new.__dict__, "__wrapped__", inner)
        return self.forward(old, new)

    # -- descriptors and wrappers ----------------------------------------------------------------------------------
    def _wrapped_method(self, old: Any, new: Any, owner: type | None) -> Any:
        inner = old.__func__
        function = self.merge(inner, new.__func__, owner)
        self.journal.undo(lambda: old.__init__(inner))
        old.__init__(function)
        self.pairs.add(new, old)
        return old

    def _property(self, old: property, new: property, owner: type | None) -> Any:
        before = (old.fget, old.fset, old.fdel, old.__doc__)
        merged: list[Any] = [
            self.merge(a, b, owner) if a is not None and b is not None else b
            for a, b in ((old.fget, new.fget), (old.fset, new.fset), (old.fdel, new.fdel))
        ]
        self.journal.undo(lambda: property.__init__(old, *before))
        functions: Any = (*merged, new.__doc__)
        property.__init__(old, *functions)
        self.pairs.add(new, old)
        return old

    def _cached_property(self, old: Any, new: Any, owner: type | None) -> Any:
        self.journal.setattr(old, "func", self.merge(old.func, new.func, owner))
        self.journal.setattr(old, "__doc__", new.__doc__)
        self.pairs.add(new, old)
        return old

    def _partial(self, old: Any, new: Any, owner: type | None) -> Any:
        before = old.__reduce__()[2]
        function = (
            self.merge(old.func, new.func, owner) if same_place(old.func, new.func) else new.func
        )
        self.journal.undo(lambda: old.__setstate__(before))
        old.__setstate__((function, new.args, new.keywords, new.__dict__ or None))
        self.pairs.add(new, old)
        return old

    def _cache(self, old: Any, new: Any, owner: type | None) -> Any:
        if (
            old.cache_parameters() != new.cache_parameters()
            or type(old.__wrapped__) is not FunctionType
        ):
            return new
        self.merge(old.__wrapped__, new.__wrapped__, owner)
        old.cache_clear()
        for name in ("__doc__", "__name__", "__qualname__"):
            self.journal.setitem(old.__dict__, name, getattr(new, name))
        self.pairs.add(new, old)
        return old

    def _method(self, old: Any, new: Any, owner: type | None) -> Any:
        if same_place(old.__func__, new.__func__):
            self.merge(old.__func__, new.__func__, owner)
        return new


_MERGERS: Final[dict[type, Callable[[Graft, Any, Any, type | None], Any]]] = {
    staticmethod: Graft._wrapped_method,
    classmethod: Graft._wrapped_method,
    property: Graft._property,
    functools.cached_property: Graft._cached_property,
    functools.partial: Graft._partial,
    _CACHE: Graft._cache,
    types.MethodType: Graft._method,
}


def same_place(old: Any, new: Any) -> bool:
    """Say whether two functions come from the same definition."""
    return (
        type(old) is FunctionType
        and type(new) is FunctionType
        and old.__qualname__ == new.__qualname__
        and old.__code__.co_filename == new.__code__.co_filename
    )


def _defaults(
    function: FunctionType,
) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    return function.__defaults__, function.__kwdefaults__

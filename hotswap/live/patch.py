"""New code objects into live functions. The only file that knows jurigged (and codefind, which does its patching).

What is found at once for the whole batch: the functions whose code is being replaced, the frames that are suspended in
it, and the caches around it.
"""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from types import AsyncGeneratorType, CodeType, CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.journal import changing_kind
from hotswap.live.looking import class_dict
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from types import ModuleType

    from hotswap.live.journal import Journal

FRAMES: Final[Mapping[type, str]] = {
    GeneratorType: "gi_code",
    CoroutineType: "cr_code",
    AsyncGeneratorType: "ag_code",
}


@dataclass(slots=True)
class Heap:
    """What one pass found."""

    functions: list[tuple[FunctionType, CodeType]] = field(default_factory=list)
    """Functions of the batch's files, with the code each runs."""
    frames: list[tuple[Any, CodeType]] = field(default_factory=list)
    """Suspended coroutines and generators of the batch's files."""
    caches: list[Any] = field(default_factory=list)
    """All `functools.lru_cache` wrappers."""

    def joined(self, later: Heap) -> Heap:
        """Give what this look or a later one found."""
        functions = {id(f): (f, f.__code__) for f, _ in (*self.functions, *later.functions)}
        frames = {id(owner): (owner, code) for owner, code in (*self.frames, *later.frames)}
        return Heap(list(functions.values()), list(frames.values()), later.caches)


def survey(files: AbstractSet[str]) -> Heap:
    """Look once at every object the collector knows; `holders.find` does without where it can.

    Args:
        files: `co_filename` of the code that matters.
    """
    if gc.get_freeze_count():
        gc.unfreeze()  # frozen objects are invisible here: an app that froze its heap would stay stale, unseen
    heap = Heap()
    functions, frames, caches = heap.functions, heap.frames, heap.caches
    kinds = FRAMES
    cache_type = _lru_cache_wrapper
    wanted = {FunctionType, cache_type, *kinds}
    for obj in [o for o in gc.get_objects() if type(o) in wanted]:
        kind = type(obj)
        if kind is FunctionType:
            code = obj.__code__
            if code.co_filename in files:
                functions.append((obj, code))
        elif kind in kinds:
            code = getattr(obj, kinds[kind])
            if code.co_filename in files:
                frames.append((obj, code))
        else:
            caches.append(obj)
    return heap


def instances_of(classes: AbstractSet[type]) -> dict[type, list[Any]]:
    """Give the live instances of each class exactly, those without collector support left out.

    An instance refers to its class (Objects/typeobject.c, subtype_traverse): asking for referrers walks in C.
    """
    found: dict[type, list[Any]] = {c: [] for c in classes}
    if found:
        if gc.get_freeze_count():
            gc.unfreeze()
        # a class does not refer to its metaclass, as far as the collector is told
        metaclasses = any(issubclass(cls, type) for cls in classes)
        for obj in gc.get_objects() if metaclasses else gc.get_referrers(*classes):
            if type(obj) in found:
                found[type(obj)].append(obj)
    return found


def warm() -> None:
    """Import jurigged's patching before the first swap needs it, in a thread once the server answers."""
    _database()


def _database() -> Any:
    """Give `jurigged.db`, without its heap walk and its audit hook on every import.

    `jurigged.db` is codefind's `code_registry` (tests/unit/test_patch.py holds it to that). The package `jurigged`
    itself is not imported: `jurigged.live` makes a `blessed.Terminal`, which writes queries to the user's terminal,
    and `jurigged.register` puts an import hook of its own in place. The registry's `setup` walks the heap (0.5 s per
    10^5 objects) and records every code object of every later import; patching a function at hand needs neither.
    """
    loaded = sys.modules.get("jurigged")
    if loaded is not None and hasattr(loaded, "db"):
        return loaded.db
    with _importing:
        if "codefind" not in sys.modules:
            _import_codefind()
    import codefind

    return codefind.code_registry


_importing: Final = threading.Lock()
"""Held while codefind is made: a save may come while it is warmed in its thread, and must not find half of it."""


def _import_codefind() -> None:
    from importlib.util import find_spec, module_from_spec

    spec = find_spec("codefind")
    if spec is None or spec.loader is None:
        raise ImportError("jurigged (with codefind) is not installed", name="jurigged")
    package: ModuleType = module_from_spec(spec)
    sys.modules["codefind"] = package
    try:
        from importlib import import_module

        registry = import_module("codefind.registry")
        registry.CodeRegistry.setup = lambda _self: None
        spec.loader.exec_module(package)
    except BaseException:
        sys.modules.pop("codefind", None)
        raise


def conform(function: FunctionType, old: CodeType, new: CodeType, journal: Journal) -> None:
    """Put `new` into a live function, through jurigged.

    Raises:
        jurigged.ConformException: The free variables differ.
    """
    database = _database()
    journal.keep_code(function, old)
    with changing_kind(old, new):
        database.conform(function, new)
    # codefind remembers functions by code, strongly: closures would never die
    for code in (old, new):
        database.functions.pop(code, None)
        database.backcodes.pop(code, None)


def set_docstring(function: FunctionType, old: CodeType, new: CodeType, journal: Journal) -> bool:
    """Let `__doc__` follow, unless somebody put another one there."""
    before, after = codes.docstring(old), codes.docstring(new)
    if before != after and function.__doc__ == before:
        journal.setattr(function, "__doc__", after)
        return True
    return False


def set_class_facts(cls: type, old: CodeType, new: CodeType, journal: Journal) -> None:
    """Let a class that did not run again know its docstring, first line and static attributes."""
    before, after = codes.stored_constants(old), codes.stored_constants(new)
    own = class_dict(cls)
    for name in codes.CLASS_FACTS:
        now = own.get(name)
        was = before.get(name)
        if before.get(name) == after.get(name) or (
            now != was and not (name != "__doc__" and name in own)
        ):
            continue
        if name in after or name == "__doc__":
            journal.setattr(cls, name, after.get(name))


def clear_memos(heap: Heap, changed: Mapping[int, AbstractSet[str]]) -> list[str]:
    """Clear each `lru_cache` around a function that reads a global name which means something else now.

    A function without parameters is left alone: its cache holds not results but the one object it made, and that is
    state (``get_service()``).

    Args:
        changed: id of a module's dict -> the names in it that changed, or are functions that call what changed.
    """
    cleared = []
    for cache in heap.caches:
        inner = getattr(cache, "__wrapped__", None)
        if type(inner) is not FunctionType:
            continue
        names, code = changed.get(id(inner.__globals__)), inner.__code__
        if names and code.co_argcount + code.co_kwonlyargcount and names & codes.names_used(code):
            cache.cache_clear()
            cleared.append(getattr(cache, "__qualname__", "?"))
    return cleared


def clear_caches(heap: Heap, changed: AbstractSet[int]) -> list[str]:
    """Clear each `lru_cache` around a function whose body changed; give their names.

    A cache is not part of the transaction: clearing it costs time, never truth.
    """
    cleared = []
    for cache in heap.caches:
        inner = cache.__dict__.get("__wrapped__") if hasattr(cache, "__dict__") else None
        seen = 0
        while inner is not None and seen < 20:
            if id(inner) in changed:
                cache.cache_clear()
                cleared.append(getattr(cache, "__qualname__", "?"))
                break
            inner = getattr(inner, "__dict__", {}).get("__wrapped__")
            seen += 1
    return cleared

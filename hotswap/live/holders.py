"""Who holds a code object? Without a walk over the heap, where reference counts prove that nobody was missed.

A walk costs what it costs to touch every object of the program: 12-20 ms for a FastAPI app whose memory is cold, 0.3 s
for a million objects, of which an edited file concerns a handful. But a code object knows how many references it has.
Those of the compile it belongs to and of the engine's own tables are known; the functions that a module's names lead
to are found in microseconds; when these add up, there is no other. What does not add up is asked of
`gc.get_referrers`, which walks in C and touches nothing.

This holds for a module whose functions were made of the very code objects that the tracker keeps (`Loaded.exact`).
All else is looked for by `patch.survey`.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections import Counter
from contextlib import suppress
from functools import _lru_cache_wrapper, partial
from itertools import chain
from types import CellType, CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.patch import FRAMES, Heap, survey
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.live.loaded import Loaded

MANY: Final = 60
"""Code objects to ask referrers for: each makes the walk in C 2-3 % dearer; beyond these `survey` costs no more."""
ROUNDS: Final = 4
"""How deep wrappers are looked through: ``__wrapped__``, cells, properties."""


def find(
    entries: Iterable[Loaded],
    suspects: Iterable[CodeType],
    tables: Iterable[CodeType],
    files: set[str],
    *,
    compiles: Iterable[CodeType] = (),
    functions: Iterable[FunctionType] = (),
) -> Heap:
    """Give the functions and suspended frames that run one of `suspects`.

    Args:
        entries: The modules whose code they are.
        suspects: Code objects that are, or may be, superseded; by identity.
        tables: Code objects that the caller's own tables refer to, one for each reference.
        files: `co_filename` of the code that matters, for the walk that is needed when a module is not exact.
        compiles: Further compiles that the suspects belong to: of statements compiled alone.
        functions: Functions that the caller knows: those that were merged into old ones.
    """
    modules = list(entries)
    if not all(entry.exact for entry in modules):
        return survey(files)
    if gc.get_freeze_count():
        gc.unfreeze()  # referrers in a frozen heap are not found
    known = {id(code): code for code in suspects if is_function(code)}
    for entry in modules:
        known.update({id(code): code for code in entry.relics})
    heap = Heap(caches=caches.all())
    counts = _outside(modules, known, tables, compiles)
    for entry in modules:
        entry.relics = [code for code in entry.relics if id(code) in counts]
    if not counts:
        return heap
    found = _reachable(modules, counts)
    found |= {id(f): f for f in functions if id(f.__code__) in counts}
    for function in found.values():
        counts[id(function.__code__)] -= 1
    missing = [known[key] for key, count in counts.items() if count > 0]
    if len(missing) > MANY:
        return survey(files)
    heap.functions = [(f, f.__code__) for f in found.values()]
    if missing:
        ids = {id(code) for code in missing}
        for holder in gc.get_referrers(*missing):
            kind = type(holder)
            if kind is FunctionType and id(holder) not in found and id(holder.__code__) in ids:
                heap.functions.append((holder, holder.__code__))
            elif kind in FRAMES:
                code = getattr(holder, FRAMES[kind])
                if id(code) in ids:
                    heap.frames.append((holder, code))
    return heap


def is_function(code: CodeType) -> bool:
    """Say whether functions or frames can go on running a code: those of modules and classes run once."""
    return bool(code.co_flags & 0x2)  # CO_NEWLOCALS


def still_held(
    entry: Loaded,
    suspects: Iterable[CodeType],
    tables: Iterable[CodeType],
    compiles: Iterable[CodeType],
) -> list[CodeType]:
    """Give those of `suspects` that somebody besides the engine refers to: the next swap has to look for them."""
    known = {id(code): code for code in suspects if is_function(code)}
    counts = _outside([entry], known, tables, compiles)
    return [known[key] for key in counts]


def _outside(
    entries: Iterable[Loaded],
    known: Mapping[int, CodeType],
    tables: Iterable[CodeType],
    compiles: Iterable[CodeType],
) -> dict[int, int]:
    """Count, for each known code, the references that neither a compile nor a table of ours explains.

    Too few explained costs time; too many would hide a holder. So what may be shared is counted once: equal tuples of
    constants, by identity.
    """
    held: Counter[int] = Counter(map(id, tables))
    constants: dict[int, tuple[Any, ...]] = {}
    roots = [*compiles]
    for entry in entries:
        held.update(map(id, entry.relics))
        if entry.code is not None:
            roots.append(entry.code)
    for root in roots:
        constants.update((id(code.co_consts), code.co_consts) for code in codes.walk(root))
    constants.update((id(code.co_consts), code.co_consts) for code in known.values())
    nested = chain.from_iterable(constants.values())
    held.update(id(constant) for constant in nested if type(constant) is CodeType)
    held.update(map(id, roots))
    counts = {}
    for key in known:
        count = sys.getrefcount(known[key]) - BASE - held[key]
        if count > 0:
            counts[key] = count
    return counts


def _base() -> int:
    """Count the references that counting itself makes: the mapping's and the argument's."""
    known = {0: compile("0", "<hotswap>", "eval")}
    counts = [sys.getrefcount(known[key]) for key in known]
    return counts[0]


BASE: Final = _base()


def _reachable(entries: Iterable[Loaded], counts: Mapping[int, int]) -> dict[int, FunctionType]:
    """Give the functions with one of these codes that the names of the modules lead to, wrappers looked through."""
    found: dict[int, FunctionType] = {}
    left = dict(counts)
    seen: set[int] = set()
    for entry in entries:
        level: list[Any] = [v for v in list(entry.names.values()) if _leads(v, entry.name)]
        for _ in range(ROUNDS):
            further: list[Any] = []
            for value in level:
                if id(value) in seen:
                    continue
                seen.add(id(value))
                if type(value) is FunctionType:
                    key = id(value.__code__)
                    if key in counts:
                        found[id(value)] = value
                        left[key] -= 1
                        if not left[key]:
                            del left[key]
                            if not left:
                                return found
                further += _inside(value, entry.name)
            level = further
    return found


_TYPES: Final = (FunctionType, MethodType, staticmethod, classmethod, property, partial, CellType)


def _leads(value: Any, module: str) -> bool:
    kind = type(value)
    if kind in _TYPES or kind is _lru_cache_wrapper:
        return True
    return isinstance(value, type) and value.__module__ == module


def _inside(value: Any, module: str) -> list[Any]:
    """Give what a definition is made of, as far as it may be or hold a function."""
    kind = type(value)
    found: list[Any] = []
    if kind is FunctionType:
        found += value.__closure__ or ()
        found += value.__dict__.values()
    elif kind is CellType:
        with suppress(ValueError):  # it is empty
            found.append(value.cell_contents)
    elif kind is MethodType or kind is staticmethod or kind is classmethod:
        found.append(value.__func__)
    elif kind is property:
        found += (value.fget, value.fset, value.fdel)
    elif kind is partial:
        found.append(value.func)
    elif kind is _lru_cache_wrapper:
        found += value.__dict__.values()
    elif isinstance(value, type):
        found += type.__dict__["__dict__"].__get__(value).values()
    return [v for v in found if _leads(v, module)]


class Caches:
    """All `functools.lru_cache` wrappers. Each refers to its type: the type's count tells when there are others."""

    def __init__(self) -> None:
        self._known: list[weakref.ref[Any]] = []
        self._count = 0

    def all(self) -> list[Any]:
        """Give them; walks in C only when some came or went."""
        living = [reference() for reference in self._known]
        if sys.getrefcount(_lru_cache_wrapper) == self._count and None not in living:
            return living
        del living
        found = [o for o in gc.get_referrers(_lru_cache_wrapper) if type(o) is _lru_cache_wrapper]
        self._known = [weakref.ref(cache) for cache in found]
        self._count = sys.getrefcount(_lru_cache_wrapper)
        return found


caches: Final = Caches()


def results(cache: Any) -> list[Any]:
    """Give what an `lru_cache` refers to, its results among it: of an unbounded one they stand in its dict."""
    found: list[Any] = []
    for thing in gc.get_referents(cache):
        found.append(thing)
        if type(thing) is dict:
            found += thing.values()
    return found

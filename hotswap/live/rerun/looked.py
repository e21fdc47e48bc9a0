"""Statements that look at a definition itself follow when what they look at changed: ``DOC = f.__doc__``.

A function or class keeps its identity when it is edited, so that nobody who holds it has to follow. Its docstring,
signature and members are values, and who has taken one has the old one.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, mro
from hotswap.live.why import Kind, Why
from hotswap.source import codes, looks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit

NOTHING: Final[frozenset[str]] = frozenset()
DEEP: Final = 3
"""Calls that are followed to find who looks."""
MANY: Final = 1000
"""Elements of a container that are looked through."""


def note_facts(rerun: Rerun) -> None:
    """Note what the edits change of definitions that stay, before anything runs."""
    for swap in rerun.edited:
        for qualname in rerun.own_changed.get(swap.name, ()):
            path = qualname.partition(".<locals>")[0]
            while path:
                _add(rerun, swap.name, path, looks.CODE)
                path = path.rpartition(".")[0]
        for step in swap.steps:
            if step.old is not None and step.edited and step.unit.kind in ("def", "class"):
                if step.old.kind == step.unit.kind:
                    for name, words in looks.facts_changed(step.old.node, step.unit.node).items():
                        _add(rerun, swap.name, name, words)


def note_attributes(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Note that a statement sets attributes of functions and classes: ``f.tag = "b"``."""
    for name, attribute in unit.scan.assigns:
        value = swap.names.get(name)
        if attribute and isinstance(value, (FunctionType, type)):
            words = looks.ATTRIBUTES | {attribute}
            _add(rerun, str(value.__module__), value.__qualname__, words)


def _add(rerun: Rerun, module: str, qualname: str, words: Iterable[str]) -> None:
    rerun.facts.setdefault((module, qualname), set()).update(words)


def changed_names(rerun: Rerun, swap: ModuleSwap) -> set[str]:
    """Give the names of a module by which others reach a definition of which more than the body changed."""
    names = {
        qualname.partition(".")[0]
        for (module, qualname), words in rerun.facts.items()
        if module == swap.name and not words <= looks.CODE
    }
    if not names:
        return names
    held = {id(swap.names.get(n)) for n in names}
    for name, value in list(swap.names.items()):
        if not name.startswith("__") and any(id(one) in held for one in elements(value)):
            names.add(name)
    return names


def may_look(rerun: Rerun, swap: ModuleSwap) -> Iterator[Loaded]:
    """Give the other modules whose source spells a definition of `swap` that changed, and what looks at that."""
    spelled: dict[str, set[str]] = {}
    for (module, qualname), words in rerun.facts.items():
        if module == swap.name:
            spelled.setdefault(qualname.partition(".")[0], set()).update(words)
    for name, looking in spelled.items():
        asked = frozenset(looking)
        for entry in rerun.dependents.spelling(name.encode()):
            if entry is not swap.entry and _spells_one(entry, asked):
                yield entry


def _spells_one(entry: Loaded, words: frozenset[str]) -> bool:
    """Say whether a module's source has one of the words in it; the next body edit asks for the same ones."""
    known = entry.looks
    if known is None or known[0] is not entry.data or known[1] != words:
        found = any(word.encode() in entry.data for word in words)
        known = entry.looks = entry.data, words, found
    return known[2]


def others_concerned(rerun: Rerun) -> Iterator[Loaded]:
    """Give the modules that read what a statement set in another module, or on a definition of another module."""
    for key in {*rerun.assigned, *rerun.facts} - rerun.looked_for:
        home = rerun.tracker.loaded.get(key[0])
        if home is None or (key not in rerun.assigned and key[0] in rerun.swaps):
            continue
        rerun.looked_for.add(key)
        yield from rerun.dependents.of(home, {key[1].partition(".")[0]}, rebinding=set())


def look_reason(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> Why | None:
    """Say which changed definition a statement looks at; None when it need not run."""
    graft = rerun.graft
    known = (
        rerun.facts or graft.changed.shaped or graft.changed.resigned or graft.changed.redefaulted
    )
    if unit.kind == "import" or not (known or any(rerun.dirty.values())):
        return None
    if not known and not looks.words_in(unit) & looks.HINTS:
        return None
    at_hand = [(c, v, w) for c, v, w in _at_hand(rerun, swap, looks.looked_at(unit)) if w]
    if not at_hand:
        return None
    spelled = looks.words_in(unit)
    functions, classes = _called(rerun, swap, unit)
    for chain, value, words in at_hand:
        looking = spelled | functions
        if type(value) is FunctionType:
            looking |= classes  # an object that took a class has taken it as it is
        if words & looking and not _defines(swap, unit, value):
            return Why(Kind.READS, chain)
    return None


def _defines(swap: ModuleSwap, unit: Unit, value: object) -> bool:
    return unit.kind in ("def", "class") and swap.names.get(unit.name) is value


def readers(
    rerun: Rerun, swap: ModuleSwap, functions: Mapping[str, tuple[set[str], Any]]
) -> set[str]:
    """Give the functions of a module that look at a changed definition when they are called."""
    if not rerun.facts:
        return set()
    every = set().union(*rerun.facts.values())
    found = set()
    for name, (used, code) in functions.items():
        if used & every:
            chains = {".".join(c) for c in codes.global_chains(code)}
            if any(words & used for _, _, words in _at_hand(rerun, swap, chains)):
                found.add(name)
    return found


def _at_hand(
    rerun: Rerun, swap: ModuleSwap, chains: Iterable[str]
) -> Iterator[tuple[str, Any, frozenset[str]]]:
    """Give ``(chain, definition, words that look at what changed of it)`` for what chains lead to, or hold."""
    for chain in sorted(chains):
        value, spelled = _reached(swap, chain.split("."))
        for one in (value, *elements(value)):
            words = _words_of(rerun, one)
            if words:
                yield spelled, one, words


def _reached(swap: ModuleSwap, chain: list[str]) -> tuple[Any, str]:
    """Give the function, the class, the member of one, or the container at which a chain ends or passes."""
    value: Any = swap.names.get(chain[0], MISSING)
    at = 1
    while type(value) is ModuleType and at < len(chain):
        value = value.__dict__.get(chain[at], MISSING)
        at += 1
    while isinstance(value, type) and at < len(chain):
        held = next((d[chain[at]] for d in map(class_dict, mro(value)) if chain[at] in d), None)
        held = getattr(held, "__func__", getattr(held, "fget", held))
        if not isinstance(held, (FunctionType, type)):
            break
        value = held
        at += 1
    return value, ".".join(chain)


def elements(value: object) -> list[Any]:
    """Give the functions and classes among the elements of a plain container."""
    if type(value) is dict:
        held = list(value.values())[:MANY]
    elif type(value) in (list, tuple, set, frozenset):
        held = list(value)[:MANY]  # type: ignore[call-overload]
    else:
        return []
    return [one for one in held if isinstance(one, (FunctionType, type))]


def _hints_changed(rerun: Rerun, value: Any) -> bool:
    """Say whether annotations that are text name what changed: ``get_type_hints`` looks it up."""
    swap = rerun.swaps.get(str(value.__module__))
    units = [s.unit for s in swap.binders(value.__qualname__.partition(".")[0])] if swap else []
    dirty = rerun.dirty.get(swap.name, set()) if swap is not None else set()
    return any(not unit.scan.soft.isdisjoint(dirty) for unit in units)


def _words_of(rerun: Rerun, value: object) -> frozenset[str]:
    """Give the words that look at what changed of a function or a class, or of a class's bases."""
    if type(value) is FunctionType:
        words = frozenset(rerun.facts.get((value.__module__, value.__qualname__), NOTHING))
        if any(
            f is value for f in (*rerun.graft.changed.resigned, *rerun.graft.changed.redefaulted)
        ):
            words |= looks.SIGNATURE
        return words | (looks.HINTS if _hints_changed(rerun, value) else NOTHING)
    if not isinstance(value, type):
        return NOTHING
    words = looks.HINTS if _hints_changed(rerun, value) else NOTHING
    for base in mro(value):
        words |= rerun.facts.get((base.__module__, base.__qualname__), NOTHING)
        if any(base is shaped for shaped in rerun.graft.changed.shaped):
            words |= looks.SHAPE
    return words


def _called(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> tuple[set[str], set[str]]:
    """Give the words that the functions spell which a statement calls, and the classes that it makes instances of."""
    functions: set[str] = set()
    classes: set[str] = set()
    for spelled in looks.called_in(unit):
        value, _ = _reached(swap, spelled.split("."))
        if type(value) is FunctionType:
            functions |= _spelled_by(rerun, value, 0)
        elif isinstance(value, type) and value.__module__ in rerun.tracker.loaded:
            for base in mro(value):
                for name in ("__init__", "__new__", "__post_init__"):
                    made = class_dict(base).get(name)
                    if type(made) is FunctionType:
                        classes |= _spelled_by(rerun, made, 0)
    return functions, classes


def _spelled_by(rerun: Rerun, function: FunctionType, depth: int) -> set[str]:
    """Give every name that a function of the program spells, and those that it calls."""
    if function.__module__ not in rerun.tracker.loaded or depth > DEEP:
        return set()
    used = codes.names_used(function.__code__)
    found = set(used)
    for name in used:
        inner = function.__globals__.get(name)
        if type(inner) is FunctionType and inner is not function:
            found |= _spelled_by(rerun, inner, depth + 1)
    return found

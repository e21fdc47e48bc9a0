"""What a statement bound goes into what the name had before, where the file's own statement had made that."""

from __future__ import annotations

import ast
import sys
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live import registries
from hotswap.live.functions import WRAPPERS
from hotswap.live.gathered import Held, as_of, record_named, unchanged
from hotswap.live.holders import caches, results
from hotswap.live.journal import MISSING
from hotswap.live.looking import PLAIN
from hotswap.live.pydantic_models import is_settings, take_settings
from hotswap.live.rerun.changed import taint
from hotswap.live.rerun.deltas import note_kept
from hotswap.live.rerun.joining import follow
from hotswap.live.rerun.renamed import aliased, renamed
from hotswap.live.successors import count_alive, take_moved
from hotswap.source.graph import imports_of

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def merge_bound(rerun: Rerun, swap: ModuleSwap, step: Step, name: str) -> None:
    """Merge the value a statement bound into the one the name had; note whether readers must follow."""
    names = swap.names
    new = names.get(name, MISSING)
    old = swap.before.get(name, MISSING)
    if new is MISSING:
        return
    if old is MISSING:
        swap.dirty.add(name)
        if step.unit.kind == "class" and isinstance(new, type):
            names[name] = renamed(rerun, swap, step.unit, new)
        return
    if step.situation == "new" and step.unit.kind == "class" and aliased(swap, step.unit, old):
        names[name] = new = renamed(rerun, swap, step.unit, new)
    if new is old:
        swap.dirty.discard(name)
        return
    if _is_another(swap, step, name):
        swap.dirty.add(name)
        return
    if name in swap.entry.aliased and _own_again(rerun, swap, name, new):
        _another_now(rerun, swap, name, old, names[name])
        swap.dirty.add(name)
        return
    if step.unit.kind != "import":
        rerun.refill.bound.add((swap.name, name))
    elif _submodule_follows(swap, step, name, old):
        names[name] = old
        swap.dirty.discard(name)
        return
    if _set_by_program(rerun, swap, step, name):
        return
    begins = step.verdict == "run" and step.unit.kind == "assign"
    if begins and isinstance(old, registries.CONTAINERS) and has_gathered(swap, name, old):
        rerun.notes.append(f"{name} begins anew: its own statement changed")
    binders = swap.binders(name)
    last = not binders or binders[-1] is step or step not in binders
    if last and _mergeable(swap, step, name, old, new):
        note_kept(rerun, swap, step, old)
        merged = _merged(rerun, swap, step, name, old, new)
        _note_defaults(rerun, swap)
        if merged is old:
            names[name] = old
            if isinstance(old, type) or step.unit.kind == "def":
                swap.shaped.add(name)
            swap.dirty.discard(name)
            if isinstance(old, type) and is_settings(old):
                _renew_cached(rerun, old)
            return
        names[name] = merged
        if isinstance(old, type) and type(merged) is FunctionType and step.unit.kind == "def":
            _class_no_more(rerun, old, merged)
    elif (last and _moved(rerun, swap, step, old, new)) or (
        last
        and (
            _another_now(rerun, swap, name, old, new) or _another_class(rerun, swap, name, old, new)
        )
    ):
        swap.dirty.add(name)
        return
    elif last and type(old) is type(new) and is_settings(type(old)):
        if take_settings(old, new, rerun.journal):
            swap.dirty.add(name)
        names[name] = old
        return
    if registries.same_content(old, new):
        names[name] = old
        swap.dirty.discard(name)
        return
    swap.dirty.add(name)


def _is_another(swap: ModuleSwap, step: Step, name: str) -> bool:
    """Say whether a new definition stands beside the one that made the old value: ``def _`` after ``def _``.

    Those of a `functools.singledispatch` have one name, and the registry keeps each.
    """
    if step.situation != "new" or step.unit.kind not in ("def", "class"):
        return False
    former = swap.last_before(name)
    return former is not None and any(other.old is former for other in swap.steps)


def _merged(rerun: Rerun, swap: ModuleSwap, step: Step, name: str, old: Any, new: Any) -> Any:
    """Merge a definition, or what a call made; what the program gathered in a closure stays (``count = make()``)."""
    built = swap.entry.built
    was, made = built.get(name, MISSING), record_named(new, rerun.tracker.loaded)
    known = type(was) is Held and was.kind is type(old) is FunctionType and was.items is not None
    if known and (step.unit.kind == "def" or step.verdict != "run"):
        rerun.graft.told.closures[id(old)] = was.items
    kept = rerun.graft.gathering.kept
    merged = rerun.graft.merge(old, new)
    if rerun.graft.gathering.kept > kept:
        rerun.notes.append(f"{name} keeps what it gathered")
    if merged is old and made is not MISSING:
        rerun.refill.bound.discard((swap.name, name))
        rerun.journal.setitem(built, name, as_of(made, old))
    return merged


def has_gathered(swap: ModuleSwap, name: str, value: Any) -> bool:
    """Say whether the program has changed what the statements made."""
    was = swap.entry.built.get(name, MISSING)
    return type(was) is Held and was.items is not None and not unchanged(was, value)


def _set_by_program(rerun: Rerun, swap: ModuleSwap, step: Step, name: str) -> bool:
    """Say whether a plain value is not the statement's any more: the program has set it since, so that it is state."""
    old, new = swap.before.get(name), swap.names.get(name)
    was = swap.entry.built.get(name, MISSING)
    if (
        step.verdict == "run"
        or step.unit.kind != "assign"
        or len(swap.binders(name)) != 1
        or was is MISSING
    ):
        return False
    if type(old) not in PLAIN or type(new) not in PLAIN or unchanged(was, old):
        return False
    rerun.notes.append(f"{name} keeps what the program set it to")
    swap.names[name] = old
    rerun.refill.bound.discard((swap.name, name))
    rerun.journal.setitem(swap.entry.built, name, record_named(new, rerun.tracker.loaded))
    return True


def _note_defaults(rerun: Rerun, swap: ModuleSwap) -> None:
    """A function whose defaults changed gives something else when it is called: as one with a new body."""
    functions, rerun.graft.changed.redefaulted = rerun.graft.changed.redefaulted, []
    for function in functions:
        owner, _, name = function.__qualname__.rpartition(".")
        if function.__globals__ is not swap.names or "<locals>" in owner:
            continue
        if owner:
            swap.methods.add((owner, name))
        else:
            swap.tainted.add(name)
            swap.own_tainted.add(name)
    if functions:
        taint(rerun, swap)


def _renew_cached(rerun: Rerun, cls: type) -> None:
    """``@lru_cache def get_settings()`` keeps the object it made: it follows its class, and callers follow it."""
    for cache in caches.all():
        maker = cache.__dict__.get("__wrapped__")
        if type(maker) is not FunctionType or maker.__code__.co_argcount:
            continue
        entry = rerun.tracker.loaded.get(maker.__module__)
        if entry is None or entry.names is not maker.__globals__ or rerun.pinned(entry.name):
            continue
        for held in results(cache):
            if issubclass(type(held), cls) and take_settings(held, maker(), rerun.journal):
                owner = rerun.swaps.get(entry.name) or follow(rerun, entry)
                owner.tainted.add(maker.__name__)
                taint(rerun, owner)


def _class_no_more(rerun: Rerun, old: type, new: FunctionType) -> None:
    """A class became a function: who holds the class gets the function, if nothing was made from the class."""
    alive = count_alive(old)
    if alive:
        lives = "instance of the class lives" if alive == 1 else "instances of the class live"
        rerun.notes.append(
            f"{old.__qualname__} is a function now: {alive} {lives} on as before, and who holds the class keeps it"
        )
    else:
        rerun.graft.pairs.add(old, new)


def _moved(rerun: Rerun, swap: ModuleSwap, step: Step, old: Any, new: Any) -> bool:
    """A definition moved to another file, from which it is imported now, or back: who holds the old one follows.

    Imported in its old place; a function also where the old one was imported.
    """
    if not isinstance(old, (FunctionType, type)) or not isinstance(new, (FunctionType, type)):
        return False
    if isinstance(old, type) is not isinstance(new, type) or old.__name__ != new.__name__:
        return False
    imported = step.unit.kind == "import" and not isinstance(old, FunctionType)
    here = swap if imported else rerun.swaps.get(old.__module__)
    if here is None or here.plan is None or old.__module__ != here.name:
        return False
    gone = any(u.kind in ("def", "class") and u.name == old.__name__ for u in here.plan.removed)
    if not gone or new.__module__ not in rerun.tracker.loaded or new.__module__ == old.__module__:
        return False
    if isinstance(old, type) and isinstance(new, type):
        take_moved(rerun.graft, old, new)
    elif isinstance(old, FunctionType) and isinstance(new, FunctionType):
        rerun.graft.lead(old, new)
    rerun.moves.append((old.__module__, old.__name__, new.__module__))
    return True


def _submodule_follows(swap: ModuleSwap, step: Step, name: str, old: Any) -> bool:
    """Say whether a package's ``import typing`` is followed, when it starts anew, by the import of its own `typing`.

    The submodule then takes the attribute. One that is imported before the statement, by the package's own imports,
    does not.
    """
    own = sys.modules.get(f"{swap.name}.{name}")
    if own is None or old is not own:
        return False
    upto = swap.steps[: swap.steps.index(step) + 1]
    imports = [s.unit for s in upto if not s.is_guard and s.unit.kind == "import"]
    modules = {edge.module for unit in imports for edge in imports_of(unit, swap.package)}
    return not any(one.startswith(f"{swap.name}.") or one == swap.name for one in modules)


def _own_again(rerun: Rerun, swap: ModuleSwap, name: str, new: Any) -> bool:
    """A name that stood for another function has one of its own again, or stands for yet another."""
    former = swap.entry.aliased[name]
    if type(new) not in (FunctionType, BuiltinFunctionType, type):
        return False
    others = [value for other, value in swap.names.items() if other != name]
    made_here = (
        type(new) is FunctionType
        and new.__globals__ is swap.names
        and not any(value is new for value in others)
    )
    if not made_here:
        rerun.graft.lead(former, new)
        return True
    swap.names[name] = rerun.graft.merge(former, new)
    rerun.journal.content(swap.entry.aliased)
    del swap.entry.aliased[name]
    return True


def _another_now(rerun: Rerun, swap: ModuleSwap, name: str, old: Any, new: Any) -> bool:
    """A function's name stands for another one now, and it is written nowhere: who holds the old one reaches that.

    ``def load(): ...`` became ``load = read``, or ``getattr(math, "sumprod", lambda a, b: ...)`` an import.
    """
    if type(old) is not FunctionType or type(new) not in (FunctionType, BuiltinFunctionType, type):
        return False
    if old.__globals__ is not swap.names or old.__code__.co_filename != swap.entry.filename:
        return False
    if any(value is old for value in swap.names.values()) or rerun.graft.is_written(old):
        return False
    if id(old) in rerun.graft.changed.forwarding:
        return False
    rerun.graft.lead(old, new)
    rerun.journal.setitem(swap.entry.aliased, name, old)
    return True


def _another_class(rerun: Rerun, swap: ModuleSwap, name: str, old: Any, new: Any) -> bool:
    """A class of ours is gone, and its name stands for another: who holds it gets that, if nothing was made of it.

    Raises:
        Refused: Instances or subclasses live.
    """
    if not isinstance(old, type) or not isinstance(new, type) or old.__module__ != swap.name:
        return False
    gone = swap.plan.removed if swap.plan is not None else ()
    if not any(u.kind == "class" and u.name == name == old.__qualname__ for u in gone):
        return False
    if any(value is old for value in swap.names.values()):
        return False
    take_moved(rerun.graft, old, new)
    return True


def _mergeable(swap: ModuleSwap, step: Step, name: str, old: Any, new: Any) -> bool:
    """Say whether the old value was defined by this file's statement of that name."""
    unit = step.unit
    last = swap.last_before(name)
    if last is None:
        return False
    if unit.kind in ("def", "class") and last.kind in ("def", "class"):
        return _defined_here(swap, old, last)
    if unit.kind in ("def", "class") and last.kind in ("if", "try", "with"):
        return isinstance(old, (FunctionType, type)) and _defined_here(swap, old, last)
    if unit.kind in ("if", "try", "with") and last.kind in (
        "if",
        "try",
        "with",
        "def",
        "class",
    ):
        return (
            isinstance(new, (FunctionType, type))
            and _defined_here(swap, old, last)
            and _defined_here(swap, new, unit)
        )
    if unit.kind == "assign" and last.kind in ("assign", "def"):
        if unit.is_lambda and last.is_lambda:
            return type(old) is FunctionType and old.__code__.co_filename == swap.entry.filename
        if (
            isinstance(unit.value, ast.Call)
            and type(old) is FunctionType
            and type(new) is FunctionType
        ):
            return (
                old.__qualname__ == new.__qualname__
                and old.__code__.co_name == new.__code__.co_name
                and (not any(v is new for v in swap.before.values()))
            )
        if isinstance(unit.value, ast.Call) and isinstance(old, type) and isinstance(new, type):
            return old.__qualname__ == new.__qualname__ and old.__module__ == new.__module__
        if type(old) is type(new) and type(old).__name__ in ("partial", "_lru_cache_wrapper"):
            return True
    return False


def _defined_here(swap: ModuleSwap, value: Any, unit: Unit) -> bool:
    if isinstance(value, type):
        return value.__module__ in (swap.name, "__main__") or unit.kind == "class"
    if type(value) is FunctionType:
        return (
            value.__code__.co_filename == swap.entry.filename
            or "__wrapped__" in value.__dict__
            or "<locals>" in value.__qualname__
        )
    return isinstance(value, (*WRAPPERS,)) or type(value).__module__ == "functools"

"""What a statement bound goes into what the name had before, where the file's own statement had made that."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live import registries
from hotswap.live.functions import WRAPPERS
from hotswap.live.gathered import PLAIN, Held, as_of, record_named, unchanged
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict
from hotswap.live.pydantic_models import is_settings, take_settings
from hotswap.live.rerun.changed import dirty_chain, taint, visible_dirty
from hotswap.live.successors import take_moved
from hotswap.source.diff import compare_classes
from hotswap.source.nodes import names_in
from hotswap.source.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step


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
            names[name] = _renamed(rerun, swap, step.unit, new)
        return
    if step.situation == "new" and step.unit.kind == "class" and _aliased(swap, step.unit, old):
        names[name] = new = _renamed(rerun, swap, step.unit, new)
    if new is old:
        swap.dirty.discard(name)
        return
    if step.unit.kind != "import":
        rerun.refill.bound.add((swap.name, name))
    if _set_by_program(rerun, swap, step, name):
        return
    begins = step.verdict == "run" and step.unit.kind == "assign"
    if begins and isinstance(old, registries.CONTAINERS) and has_gathered(swap, name, old):
        rerun.notes.append(f"{name} begins anew: its own statement changed")
    binders = swap.binders(name)
    last = not binders or binders[-1] is step or step not in binders
    if last and _mergeable(swap, step, name, old, new):
        _merge_facts(rerun, swap, step, old)
        merged = _merged(rerun, swap, step, name, old, new)
        _note_defaults(rerun, swap)
        if merged is old:
            names[name] = old
            if isinstance(old, type) or step.unit.kind == "def":
                swap.shaped.add(name)
            swap.dirty.discard(name)
            return
        names[name] = merged
    elif last and _moved(rerun, swap, step, old, new):
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


def _merged(rerun: Rerun, swap: ModuleSwap, step: Step, name: str, old: Any, new: Any) -> Any:
    """Merge a definition, or what a call made; what the program gathered in a closure stays (``count = make()``)."""
    built = swap.entry.built
    was, made = built.get(name, MISSING), record_named(new, rerun.tracker.loaded)
    known = type(was) is Held and was.kind is type(old) is FunctionType and was.items is not None
    if known and (step.unit.kind == "def" or step.verdict != "run"):
        rerun.graft.closures[id(old)] = was.items
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


def _renamed(rerun: Rerun, swap: ModuleSwap, unit: Unit, new: type) -> Any:
    """A class under another name, and the same otherwise, is the same class: its instances are of it still.

    So is one whose old name is another name for it now: ``class Relay: ...`` and ``_Relay = Relay``, or back.
    """
    twin = _twin(swap, unit)
    old = swap.before.get(twin.name) if twin is not None else None
    if twin is None or not isinstance(old, type) or type(old) is not type(new):
        return new
    if (old.__module__, old.__qualname__) != (new.__module__, twin.name):
        return new
    _class_delta(rerun, swap, unit, twin)
    _call(old, unit.name)  # before what reads it: a model's schema
    rerun.journal.undo(partial(_call, old, twin.name))
    merged = rerun.graft.merge(old, new)
    if merged is old:
        swap.shaped.add(unit.name)
    else:
        _call(old, twin.name)
    return merged


def _twin(swap: ModuleSwap, unit: Unit) -> Unit | None:
    """Give the class statement that is gone and of which a new one is the successor under another name."""
    gone, came = _removed_classes(swap), _new_classes(swap)
    now = {name: s.unit for s in swap.steps if s.situation == "new" for name in s.unit.binds}
    for one in gone:
        if _names(now.get(one.name), unit) or _names(_last_before(swap, unit.name), one):
            return one
    names = {u.name for u in (*gone, *came)}
    twins = [u for u in gone if _body(u, names) == _body(unit, names)]
    namesakes = [u for u in came if _body(u, names) == _body(unit, names)]
    return twins[0] if len(twins) == len(namesakes) == 1 else None


def _aliased(swap: ModuleSwap, unit: Unit, old: Any) -> bool:
    """Say whether the name of a new class was another name for a class that is gone."""
    before = _last_before(swap, unit.name)
    return isinstance(old, type) and any(_names(before, one) for one in _removed_classes(swap))


def _names(alias: Unit | None, definition: Unit) -> bool:
    """Say whether an assignment gives a definition another name."""
    value = alias.value if alias is not None and alias.kind == "assign" else None
    return isinstance(value, ast.Name) and value.id == definition.name


def _call(cls: type, qualname: str) -> None:
    """Give a class another name, past its metaclass, and so those nested in it and its methods."""
    before = cls.__qualname__
    type.__setattr__(cls, "__name__", qualname.rpartition(".")[2])
    type.__setattr__(cls, "__qualname__", qualname)
    for inner in class_dict(cls).values():
        if isinstance(inner, type):
            if inner.__qualname__ == f"{before}.{inner.__name__}":
                _call(inner, f"{qualname}.{inner.__name__}")
            continue
        parts: tuple[Any, ...] = (inner,)
        if type(inner) is property:
            parts = (inner.fget, inner.fset, inner.fdel)
        for part in parts:
            function = part.__func__ if type(part) in (staticmethod, classmethod) else part
            if type(function) is FunctionType and function.__qualname__.startswith(f"{before}."):
                function.__qualname__ = qualname + function.__qualname__[len(before) :]


def _removed_classes(swap: ModuleSwap) -> list[Unit]:
    return [u for u in swap.plan.removed if u.kind == "class"] if swap.plan is not None else []


def _new_classes(swap: ModuleSwap) -> list[Unit]:
    return [s.unit for s in swap.steps if s.situation == "new" and s.unit.kind == "class"]


def _body(unit: Unit, names: Iterable[str]) -> str:
    """Spell a class statement without the names of classes that came or went."""
    text = ast.dump(unit.node)
    for name in names:
        text = text.replace(f"'{name}'", "'?'")
    return text


def _note_defaults(rerun: Rerun, swap: ModuleSwap) -> None:
    """A function whose defaults changed gives something else when it is called: as one with a new body."""
    functions, rerun.graft.redefaulted = rerun.graft.redefaulted, []
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


def _mergeable(swap: ModuleSwap, step: Step, name: str, old: Any, new: Any) -> bool:
    """Say whether the old value was defined by this file's statement of that name (rule 9)."""
    unit = step.unit
    last = _last_before(swap, name)
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


def _last_before(swap: ModuleSwap, name: str) -> Unit | None:
    """Give the statement of the previous version that gave a name the value it had at the end."""
    if swap.plan is not None:
        previous = [u for u in swap.plan.before if name in u.scan.binds]
    else:
        previous = [s.unit for s in swap.binders(name)]
    return previous[-1] if previous else None


def _class_before(swap: ModuleSwap, name: str) -> Unit | None:
    """Give the class statement that made the class a name stood for, also below an ``if`` or ``try``; None: unknown."""
    last = _last_before(swap, name)
    if last is None or last.kind == "class":
        return last
    found = [n for n in ast.walk(last.node) if isinstance(n, ast.ClassDef) and n.name == name]
    return Unit(found[0], last.text, shift=last.shift) if len(found) == 1 else None


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


def _merge_facts(rerun: Rerun, swap: ModuleSwap, step: Step, old: Any) -> None:
    unit = step.unit
    if unit.kind == "class" and isinstance(old, type):
        before = _class_before(swap, unit.name)
        _class_delta(rerun, swap, unit, before or unit)
        if before is None:  # its attributes may have come from anywhere
            place = (swap.entry.names.get("__name__", swap.name), unit.name)
            rerun.graft.deltas[place] = replace(rerun.graft.deltas[place], kept=frozenset())
    elif unit.kind == "def":
        last = _last_before(swap, unit.name)
        if last is None or last.kind != "def" or _defaults_read(unit, visible_dirty(rerun, swap)):
            return
        rerun.graft.keep_defaults[unit.name] = same_defaults(last, unit)


def _defaults_read(unit: Unit, names: set[str]) -> bool:
    """Say whether the default of any parameter reads one of `names`."""
    arguments = unit.definition.args
    defaults = [*arguments.defaults, *(k for k in arguments.kw_defaults if k)]
    return any(names_in(default) & names for default in defaults)


def _class_delta(rerun: Rerun, swap: ModuleSwap, unit: Unit, old: Unit, prefix: str = "") -> None:
    """Work out which attributes of a class that ran keep their values: those that read nothing that changed."""
    delta = compare_classes(old, unit)
    dirty = visible_dirty(rerun, swap) | swap.shaped
    tainted = swap.tainted
    lost: set[str] = set()
    for member in unit.members:
        scan = member.scan
        if member.kind == "class":
            partner = next(
                (m for m in old.members if m.kind == "class" and m.name == member.name), member
            )
            _class_delta(rerun, swap, member, partner, f"{prefix}{unit.name}.")
        elif member.kind == "def":
            twin = next((m for m in old.members if m.kind == "def" and m.name == member.name), None)
            if twin is not None and not _defaults_read(member, dirty | lost):
                rerun.graft.keep_defaults[f"{prefix}{unit.name}.{member.name}"] = same_defaults(
                    twin, member
                )
        if (
            scan.reads & (dirty | lost)
            or scan.calls & tainted
            or dirty_chain(rerun, swap, scan.chains, "dirty")
        ):
            lost.update(member.binds)
    delta = replace(delta, kept=delta.kept - lost)
    place = (swap.entry.names.get("__name__", swap.name), f"{prefix}{unit.name}")
    rerun.graft.deltas[place] = delta
    if old.class_head[0] not in ("[]", unit.class_head[0]):
        rerun.graft.redecorated.add(place)


def same_defaults(old: Unit, new: Unit) -> frozenset[str]:
    """Give the parameters whose default expression did not change."""
    before, after = defaults_of(old), defaults_of(new)
    return frozenset(name for name, text in after.items() if before.get(name) == text)


def defaults_of(unit: Unit) -> dict[str, str]:
    """Spell the default expression of each parameter."""
    arguments = unit.definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    found = {}
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        found[argument.arg] = ast.dump(default)
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword is not None:
            found[argument.arg] = ast.dump(keyword)
    return found

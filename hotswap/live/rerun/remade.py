"""An instance whose statement ran again: what the statement decides goes into the old one, what that gathered stays.

``manager = Manager(limit=LIMIT)`` is made anew for another limit. Its ``self.connections = set()`` depends on no
argument: every `Manager` starts with an empty set, and this one has filled it since.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live import registries, weakly
from hotswap.live.adapters.base import Refused
from hotswap.live.gathered import Held, made_alike, unchanged
from hotswap.live.instances import assigned, init_of, literal, make
from hotswap.live.journal import MISSING
from hotswap.live.looking import VALUES, attributes, class_dict, instance_dict, mro, slots_of
from hotswap.live.rerun.changed import visible_dirty
from hotswap.source.nodes import dotted, names_in, parameters_of

if TYPE_CHECKING:
    from hotswap.live.gathered import Gathering
    from hotswap.live.rerun.state import Rerun, Side
    from hotswap.source.units import Unit

DEEP: Final = 3
"""Instances that instances make for themselves are looked into so far."""


@dataclass(frozen=True, slots=True)
class Start:
    """What an instance's attribute is when it is made, where no argument decides that."""

    value: ast.expr
    made_here: bool
    """A class of a watched module makes it, of arguments perhaps: some of its own attributes may depend on none."""


def adopt(rerun: Rerun, side: Side, new: Any, gathering: Gathering) -> bool:
    """Put what a statement made on the side into the old object; False when it cannot be done.

    Args:
        rerun: The statements of the batch.
        side: The old object, and the new one as it was right after its statement ran.
        new: The new object now, after the statements that fill it.
        gathering: Merges what the program gathered, where it is known what the statements had made.

    Raises:
        Refused: The old object has begun to work with what it was given.
    """
    was = side.was
    known = type(was) is Held and was.items is not None and was.kind is type(side.old) is type(new)
    if known and (issubclass(was.kind, registries.CONTAINERS) or instance_dict(new) is None):
        return gathering.take(was, side.old, new) is side.old
    if issubclass(type(side.old), registries.CONTAINERS):
        return registries.refill(side.old, new, rerun.journal)
    if type(side.old) is not type(new):
        return False
    if type(new) in weakly.KINDS:
        weakly.take_weak(side.old, new, rerun.graft.pairs.known, rerun.journal)
        return True
    ours, theirs = instance_dict(side.old), instance_dict(new)
    if ours is None or theirs is None:
        return _adopt_slots(rerun, side, new)
    rerun.journal.content(ours)
    starts = _starts(rerun, type(new), side.calls) if side.edited else {}
    for name, value in list(theirs.items()):
        same = name in side.state and registries.alike(side.state[name], value)
        given = was.items.get(name, MISSING) if known else MISSING
        if (
            name in ours
            and same
            and (given is MISSING or made_alike(given, value))
            and (not side.edited or _stays(rerun, ours[name], value, starts.get(name)))
        ):
            _fill(rerun, side.inner.get(name, {}), ours[name], value)
            continue
        if not same and _taken(ours.get(name), value) and not _given_again(given, value):
            raise Refused(took(new, name))
        ours[name] = gathering.merge(given, ours[name], value) if name in ours else value
    for name in [n for n in was.items if n in ours and n not in theirs] if known else ():
        if unchanged(was.items[name], ours[name]):
            del ours[name]
    return True


def inside(value: Any) -> dict[str, Any]:
    """Give what an instance holds, its containers copied, so that it can be told later what statements put there."""
    if issubclass(type(value), (type, ModuleType, FunctionType)):
        return {}
    return {name: registries.shallow(held) for name, held in attributes(value).items()}


def _fill(rerun: Rerun, before: dict[str, Any], live: Any, new: Any) -> None:
    """Do to an instance that stays in its place what the statements did to the one that was made in its place.

    ``templates.env.filters.update(FILTERS)`` ran on the side. What these statements had put there before is not
    recorded: an entry that they no longer put there stays, and a list changes only where both have as many elements.
    """
    if live is new or not before or type(live) is not type(new):
        return
    ours, theirs = attributes(live), attributes(new)
    rerun.journal.content(ours)
    for name, value in list(theirs.items()):
        was, held = before.get(name, MISSING), ours.get(name, MISSING)
        if registries.alike(was, value) or held is value:
            continue
        if type(held) is type(was) is type(value) is dict:
            rerun.journal.content(held)
            held.update({k: v for k, v in value.items() if was.get(k, MISSING) is not v})
        elif type(held) is type(was) is type(value) is set:
            rerun.journal.content(held)
            held |= value - was
        elif type(held) is type(was) is type(value) is list:
            if len(held) == len(value):
                registries.refill(held, value, rerun.journal)
        else:
            ours[name] = value


def _adopt_slots(rerun: Rerun, side: Side, new: Any) -> bool:
    """Put what the new object keeps in slots into the old one, but for what every instance starts with alike."""
    ours, theirs = slots_of(side.old), slots_of(new)
    starts = _starts(rerun, type(new), side.calls) if side.edited else {}
    for name, value in theirs.items():
        if name not in ours or not _stays(rerun, ours[name], value, starts.get(name)):
            rerun.journal.setattr(side.old, name, value)
    return bool(theirs)


def _given_again(given: Any, new: Any) -> bool:
    """Say whether statements give what they gave, and the program has taken it out: it is not given twice."""
    return given is not MISSING and made_alike(given, new)


def took(new: Any, name: str) -> str:
    """Say that an object has begun to work with what its statements put into one of its attributes."""
    return f"{type(new).__qualname__} took what it was given in .{name} when it began to work"


def _stays(rerun: Rerun, old: Any, new: Any, start: Start | None, depth: int = DEEP) -> bool:
    """Say whether an attribute keeps its value; what its instance made for itself is looked into."""
    if start is None or type(old) is not type(new):
        return False
    if literal(start.value):
        fresh = make(start.value)
        return type(fresh) is type(new) and bool(fresh == new)
    if issubclass(type(new), registries.CONTAINERS):
        return not new
    if not start.made_here:
        return not isinstance(new, VALUES)
    ours, theirs = instance_dict(old), instance_dict(new)
    if (
        ours is None
        or theirs is None
        or depth == 0
        or type(new).__module__ not in rerun.tracker.loaded
    ):
        return False
    rerun.journal.content(ours)
    starts = _starts(rerun, type(new), (start.value,))
    for name, value in list(theirs.items()):
        if name not in ours or not _stays(rerun, ours[name], value, starts.get(name), depth - 1):
            ours[name] = value
    return True


def _starts(rerun: Rerun, kind: type, calls: tuple[ast.expr | None, ...]) -> dict[str, Start]:
    """Give the attributes with which every instance starts alike, whatever it is given.

    Args:
        rerun: The statements of the batch.
        kind: The class of the instance.
        calls: The expressions that made the instance, old and new: fields that they give are not among those.
    """
    found: dict[str, Start | None] = {}
    given = {name for call in calls for name in _given(call)}
    for base in mro(kind):
        unit = statement_of(rerun, base)
        if unit is None:
            continue
        fields = {m.name for m in unit.members if isinstance(m.node, ast.AnnAssign)}
        for name, (value, _) in assigned(unit, "__pydantic_fields__" in class_dict(base)).items():
            if name in found:
                continue  # a subclass has the last word
            decided = value is None or (name in fields and given & {name, "*"})
            found[name] = None if decided or value is None else _start(rerun, base, unit, value)
    return {name: start for name, start in found.items() if start is not None}


def _start(rerun: Rerun, base: type, unit: Unit, value: ast.expr) -> Start | None:
    """Say with what an attribute starts; None where an argument, or something that changed, decides."""
    if literal(value):
        return Start(value, made_here=False)
    if not isinstance(value, ast.Call):
        return None
    arguments = parameters_of(init_of(unit))
    swap = rerun.swaps.get(base.__module__)
    dirty = visible_dirty(rerun, swap) if swap is not None else set()
    names = rerun.tracker.loaded[base.__module__].names
    held = {n: names.get(n, getattr(builtins, n, MISSING)) for n in names_in(value)}
    maker = held.get(dotted(value.func))
    if isinstance(maker, type) and maker.__module__ in rerun.tracker.loaded:
        return Start(value, made_here=True)
    if any(n in arguments or n in dirty for n in held):
        return None
    known = (type, ModuleType, BuiltinFunctionType)
    if all(issubclass(type(v), known) for v in held.values()):
        return Start(value, made_here=False)
    return None


def statement_of(rerun: Rerun, cls: type) -> Unit | None:
    """Give the class statement of a class of a watched module, unless it stands in a function."""
    entry = rerun.tracker.loaded.get(cls.__module__)
    if entry is None:
        return None
    swap = rerun.swaps.get(entry.name)
    units = (swap.text if swap is not None else rerun.dependents.text(entry)).units
    found = None
    for name in cls.__qualname__.split("."):
        found = next((u for u in units if u.kind == "class" and u.name == name), None)
        if found is None:
            return None
        units = found.members
    return found


def _given(call: ast.expr | None) -> set[str]:
    """Give the keywords that a call gives; ``*`` where it gives more than keywords tell."""
    if not isinstance(call, ast.Call):
        return {"*"}
    return {k.arg or "*" for k in call.keywords} | ({"*"} if call.args else set())


def _taken(old: Any, new: Any) -> bool:
    """Say whether the old object emptied a container that its statements fill: what is put in now is not looked at.

    APScheduler's jobs wait in ``_pending_jobs`` until the scheduler starts; a job decorated anew would wait for ever.
    """
    emptied = type(old) is type(new) and isinstance(new, registries.CONTAINERS) and not old
    return emptied and bool(new)

"""What edited, moved and removed statements mean for the objects they fill; what cannot be undone is refused."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from hotswap.live import registries
from hotswap.live.adapters.base import Refused
from hotswap.live.journal import MISSING
from hotswap.live.rerun.blocks import refuse_calls, refuse_fewer
from hotswap.live.rerun.due import importers, join, schedule, touch
from hotswap.live.rerun.environment import give_back
from hotswap.live.rerun.fillers import (
    adapter_of,
    home_of,
    itself_in,
    only_state,
    rebuildable,
    sets_anew,
    targets,
    value_at,
)
from hotswap.live.rerun.frameworks import constructed
from hotswap.live.rerun.joining import follow
from hotswap.live.rerun.registered import registered_by
from hotswap.live.rerun.subclassed import refuse_filled
from hotswap.live.rerun.taken_back import take_back
from hotswap.live.rerun.undoing import (
    is_overwritten,
    is_replaced,
    names_the_same,
    refuse_foreign,
    refuse_part,
    refuse_undoing,
    refuse_unknown,
    sets_items,
)

if TYPE_CHECKING:
    import ast

    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def see_edits(rerun: Rerun) -> None:
    """Before anything runs: see which objects the edits force to be filled anew."""
    for swap in list(rerun.swaps.values()):
        if swap.plan is None:
            continue
        for unit in swap.plan.removed:
            statement_gone(rerun, swap, unit)
        for index, step in enumerate(swap.steps):
            if step.is_guard or step.unit.kind in ("import", "docstring"):
                continue
            if step.verdict == "run":
                _edited(rerun, swap, step, index)
                continue
            if step.unit.kind not in ("def", "class", "assign", "expr"):
                refuse_fewer(rerun, swap, step.unit)
            if step.moved and step.verdict in ("keep", "code", "annotation"):
                _moved(rerun, swap, step)
    if rerun.refill.active:
        _made_by_calls(rerun)
    seen: set[Key] = set()
    while rerun.refill.copied - seen:
        key = min(rerun.refill.copied - seen)
        seen.add(key)
        _include_again(rerun, key)


def statement_gone(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """A statement is gone: what it filled is filled anew without it.

    Raises:
        Refused: What it did cannot be undone.
    """
    if unit.kind in ("import", "docstring"):
        return
    refuse_filled(rerun, swap, unit, "was removed")
    if give_back(rerun, swap, unit) and unit.kind in ("assign", "expr"):
        return
    keys = targets(rerun, swap, unit)
    if unit.kind == "def" and not any(_followed(rerun, key) for key in keys):
        _refuse_registered(rerun, swap, unit)
    for key in keys:
        _gone_from(rerun, swap, unit, key)
    refuse_foreign(rerun, swap, unit, "was removed")
    known = any(module in rerun.tracker.loaded for module, _ in keys)
    if not known and unit.kind == "expr" and not is_overwritten(swap, unit):
        refuse_unknown(rerun, swap, unit)
    refuse_calls(rerun, swap, unit, None, "was removed")


def _gone_from(rerun: Rerun, swap: ModuleSwap, unit: Unit, key: Key) -> None:
    """A statement that filled an object is gone."""
    value = value_at(rerun, key)
    if adapter_of(rerun, value) is not None:
        if unit.kind == "def":
            touch(rerun, key, swap, removed=unit)
        elif not only_state(rerun, unit, key):
            schedule(rerun, key)
        elif not is_replaced(swap, unit):
            take_back(rerun, swap, unit)
        return
    container = issubclass(type(value), registries.CONTAINERS)
    definition = unit.kind in ("def", "class")
    if definition and type(value) is not FunctionType:
        if container and itself_in(rerun, key, swap.names.get(unit.name)):
            return  # it is taken out by identity (`removed`)
        if rebuildable(rerun, key):
            schedule(rerun, key)
        elif container:
            raise Refused(
                f"{unit.name} is gone: what keeps it in {key[1]} cannot be told from the rest"
            )
        return
    if unit.kind == "def" and key[1] in unit.scan.decorators and rebuildable(rerun, key):
        schedule(rerun, key)
        return
    if not unit.scan.hard and (definition or unit.kind in ("if", "try")):
        return
    if not is_replaced(swap, unit):
        refuse_part(rerun, swap, unit, key, "was removed")
    items = sets_items(swap, unit, key, "was removed")
    if not container and not items and any(n == key[1] and a for n, a in unit.scan.assigns):
        return  # X.a = 1: the attribute goes (`removed`)
    if rebuildable(rerun, key):
        schedule(rerun, key)
    elif not (
        _binds(swap, unit, key)
        or (unit.kind == "assign" and not items)
        or is_overwritten(swap, unit)
    ):
        refuse_undoing(rerun, swap, unit, key, "was removed")


def _binds(swap: ModuleSwap, unit: Unit, key: Key) -> bool:
    """``x += 1``: the name is bound anew as a chain."""
    return key[0] == swap.name and key[1] in unit.scan.binds


def _edited(rerun: Rerun, swap: ModuleSwap, step: Step, index: int) -> None:
    unit = step.unit
    if unit.kind in ("def", "class") and step.old is not None:
        _definition_edited(rerun, swap, unit, step.old)
        return
    keys = targets(rerun, swap, unit)
    if step.old is not None and step.situation != "new":
        give_back(rerun, swap, step.old)
        refuse_foreign(rerun, swap, step.old, "was changed")
        refuse_calls(rerun, swap, step.old, unit, "was changed")
    for name in unit.binds:
        value = swap.names.get(name, MISSING)
        if (
            adapter_of(rerun, value) is not None
            and name not in unit.scan.hard
            and unit.kind == "assign"
        ):
            schedule(rerun, (swap.name, name))
    for key in keys:
        _edited_for(rerun, swap, step, index, key)


def _edited_for(rerun: Rerun, swap: ModuleSwap, step: Step, index: int, key: Key) -> None:
    """A statement that fills an object was edited, or is new."""
    unit, value = step.unit, value_at(rerun, key)
    if adapter_of(rerun, value) is not None:
        if unit.kind == "def":
            touch(rerun, key, swap, ran=unit)
        elif not only_state(rerun, unit, key):
            schedule(rerun, key)
        elif step.old is not None and step.situation != "new" and not sets_anew(step):
            take_back(rerun, swap, step.old)
        return
    if step.situation == "new":
        if not _filled_later(rerun, swap, key, index):
            return  # it comes last, as in the file
        if unit.kind in ("def", "class") and _holds_definitions(rerun, swap, key):
            return  # it gets its place (`order`)
        sets = bool(unit.scan.assigns) and not issubclass(type(value), registries.CONTAINERS)
        if rebuildable(rerun, key) and not sets:
            schedule(rerun, key)
        return
    if sets_anew(step):
        if issubclass(type(value), registries.CONTAINERS) and _filled_on(rerun, swap, key, index):
            schedule(rerun, key)
        return
    if step.old is not None and not names_the_same(step.old, unit):
        refuse_part(rerun, swap, step.old, key, "was changed")
    items = step.old is not None and sets_items(swap, step.old, key, "was changed")
    if rebuildable(rerun, key):
        schedule(rerun, key)
    elif not _binds(swap, unit, key) and (unit.kind != "assign" or items):
        refuse_undoing(rerun, swap, unit, key, "was changed")


def _definition_edited(rerun: Rerun, swap: ModuleSwap, unit: Unit, old: Unit) -> None:
    """A definition's decorators register it: where they are others now, what they fill is filled anew."""
    before = old.head[1] if unit.kind == "def" else old.class_head[0]
    after = unit.head[1] if unit.kind == "def" else unit.class_head[0]
    now = targets(rerun, swap, unit)
    keys = now | targets(rerun, swap, old)
    followed = bool(keys) and before == after  # registered again by the same name: overwritten
    for key in keys:
        if adapter_of(rerun, value_at(rerun, key)) is not None:
            touch(rerun, key, swap, ran=unit, removed=None if key in now else old)
        elif rebuildable(rerun, key) and (
            before != after or not itself_in(rerun, key, swap.names.get(old.name))
        ):
            schedule(rerun, key)
        else:
            continue
        followed = True
    if unit.kind == old.kind == "def" and not followed:
        _refuse_registered(rerun, swap, old)


def _followed(rerun: Rerun, key: Key) -> bool:
    """Say whether an object loses what a statement put there: its adapter knows how, or it is made anew."""
    return adapter_of(rerun, value_at(rerun, key)) is not None or rebuildable(rerun, key)


def _refuse_registered(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Refuse to run the decorators of a function again that a library has taken.

    Raises:
        Refused: Its old entry would stay.
    """
    decorator = registered_by(rerun, swap, unit)
    if decorator:
        raise Refused(f"@{decorator} has registered {unit.name}: only a fresh process forgets it")


def _filled_on(rerun: Rerun, swap: ModuleSwap, key: Key, index: int) -> bool:
    """Say whether later statements go on with what an item is set to: ``INFO["a"].update(b=1)``."""
    later = [s.unit for s in swap.steps[index + 1 :] if not s.is_guard]
    return any(u.scan.hard and key in targets(rerun, swap, u) for u in later if u.kind == "expr")


def _filled_later(rerun: Rerun, swap: ModuleSwap, key: Key, index: int) -> bool:
    return any(
        key in targets(rerun, swap, s.unit) and s.verdict != "run"
        for s in swap.steps[index + 1 :]
        if not s.is_guard and s.unit.kind not in ("import", "docstring")
    )


def _holds_definitions(rerun: Rerun, swap: ModuleSwap, key: Key) -> bool:
    """Say whether what decorators put into a container are the definitions themselves."""
    return any(
        itself_in(rerun, key, swap.before.get(step.unit.name))
        for step in swap.steps
        if step.unit.kind in ("def", "class")
        and step.situation != "new"
        and key in targets(rerun, swap, step.unit)
    )


def _moved(rerun: Rerun, swap: ModuleSwap, step: Step) -> None:
    for key in targets(rerun, swap, step.unit):
        value = value_at(rerun, key)
        if adapter_of(rerun, value) is not None:
            if step.unit.kind == "def":
                touch(rerun, key, swap)
            else:
                schedule(rerun, key)
        elif step.unit.scan.hard and rebuildable(rerun, key):
            schedule(rerun, key)


def _include_again(rerun: Rerun, key: Key) -> None:
    """``app.register_blueprint(bp)`` copied what `bp` held: whoever includes it is filled anew."""
    for module in importers(rerun, key):
        join(rerun, module)
    for swap in list(rerun.swaps.values()):
        for step in swap.steps:
            if step.is_guard or step.unit.kind in ("import", "docstring", "def", "class"):
                continue
            for callee, name in step.unit.scan.handed:
                host = callee.partition(".")[0]
                if home_of(rerun, swap, name) == key and host != name:
                    home = home_of(rerun, swap, host)
                    if adapter_of(rerun, value_at(rerun, home)) is not None:
                        schedule(rerun, home)


def _made_by_calls(rerun: Rerun) -> None:
    """Apps made by a call whose making code changed: the statement that called it runs again, wherever it is."""
    tracked = rerun.tracker.loaded
    names = rerun.dependents.names
    kinds = [
        type(one)
        for one in names.samples()
        if adapter_of(rerun, one) is not None or type(one).__module__ in tracked
    ]
    for entry, name, value in sorted(names.of(*kinds), key=lambda one: one[0].order):
        if not rerun.refill.factories.holds(value) or rerun.pinned(entry.name):
            continue
        for line, made in _assigned(rerun, entry, name):
            if constructed(rerun, entry.names, made, value):
                continue
            why = rerun.refill.factories.due(entry.module, name, made)
            if not why:
                continue
            swap = rerun.swaps.get(entry.name) or follow(rerun, entry)
            for step in swap.steps:
                if not step.is_guard and step.unit.line == line and step.verdict != "run":
                    swap.forced[id(step.unit)] = why


def _assigned(rerun: Rerun, entry: Loaded, name: str) -> list[tuple[int, ast.stmt]]:
    """Give the line and statement of each assignment of a name, in the new source of a module that was edited."""
    swap = rerun.swaps.get(entry.name)
    if swap is None:
        return rerun.dependents.assigned(entry, name)
    return [
        (unit.line, unit.node)
        for unit in swap.text.units
        if unit.kind == "assign" and name in unit.scan.binds and unit.value is not None
    ]

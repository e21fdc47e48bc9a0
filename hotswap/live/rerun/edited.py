"""What edited, moved and removed statements mean for the objects they fill; what cannot be undone is refused."""

from __future__ import annotations

import ast
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Literal

from hotswap.live import registries
from hotswap.live.adapters.base import Refused
from hotswap.live.journal import MISSING
from hotswap.live.looking import instance_dict
from hotswap.live.rerun.due import importers, join, schedule, touch
from hotswap.live.rerun.fillers import (
    adapter_of,
    home_of,
    only_state,
    rebuildable,
    sets_anew,
    targets,
    value_at,
)
from hotswap.live.rerun.frameworks import constructed
from hotswap.live.rerun.joining import follow
from hotswap.live.rerun.registered import registered_by
from hotswap.live.rerun.repeatable import done_by_another, leaves_nothing, overwrites
from hotswap.live.rerun.taken_back import take_back
from hotswap.source.nodes import dotted, root

if TYPE_CHECKING:
    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


Happened = Literal["was removed", "was changed", "runs again"]


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
            elif step.moved and step.verdict in ("keep", "code", "annotation"):
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
    keys = targets(rerun, swap, unit)
    if unit.kind == "def" and not any(_followed(rerun, key) for key in keys):
        _refuse_registered(rerun, swap, unit)
    for key in keys:
        _gone_from(rerun, swap, unit, key)
    _refuse_foreign(rerun, swap, unit, "was removed")
    known = any(module in rerun.tracker.loaded for module, _ in keys)
    if not known and unit.kind == "expr" and not _overwritten(swap, unit):
        _refuse_unknown(rerun, swap, unit)


def _gone_from(rerun: Rerun, swap: ModuleSwap, unit: Unit, key: Key) -> None:
    """A statement that filled an object is gone."""
    value = value_at(rerun, key)
    if adapter_of(rerun, value) is not None:
        if unit.kind == "def":
            touch(rerun, key, swap, removed=unit)
        elif not only_state(rerun, unit, key):
            schedule(rerun, key)
        else:
            take_back(rerun, swap, unit)
        return
    container = issubclass(type(value), registries.CONTAINERS)
    definition = unit.kind in ("def", "class")
    if definition and type(value) is not FunctionType:
        if not container and rebuildable(rerun, key):
            schedule(rerun, key)
        return
    if unit.kind == "def" and key[1] in unit.scan.decorators and rebuildable(rerun, key):
        schedule(rerun, key)
        return
    if not unit.scan.hard and (definition or unit.kind in ("if", "try")):
        return
    if not any(
        s.verdict == "run" and not s.is_guard and _same_keys(unit, s.unit) for s in swap.steps
    ):
        _refuse_part(rerun, swap, unit, key, "was removed")
    items = _sets_items(swap, unit, key, "was removed")
    if not container and not items and any(name == key[1] for name, _ in unit.scan.assigns):
        return  # X.a = 1: the attribute goes (`removed`)
    if rebuildable(rerun, key):
        schedule(rerun, key)
    elif (
        _binds(swap, unit, key) or (unit.kind == "assign" and not items) or _overwritten(swap, unit)
    ):
        return
    else:
        refuse_undoing(rerun, swap, unit, key, "was removed")


def _sets_items(swap: ModuleSwap, unit: Unit, key: Key, happened: Happened) -> bool:
    """Say whether an assignment sets items of an object: ``X["a"] = 1``, ``X.table["a"] = 1``.

    Raises:
        Refused: It sets something further inside (``X.part.a = 1``): what stood there before, nobody knows.
    """
    if not isinstance(unit.node, (ast.Assign, ast.AnnAssign)):
        return False
    targets = unit.node.targets if isinstance(unit.node, ast.Assign) else [unit.node.target]
    found = False
    for target in targets:
        if not isinstance(target, (ast.Attribute, ast.Subscript)) or root(target) != key[1]:
            continue
        held = target.value
        if isinstance(target, ast.Subscript):
            found = True
            if isinstance(held, ast.Attribute) and isinstance(held.value, ast.Name):
                part = getattr(swap.names.get(key[1]), held.attr, None)
                if issubclass(type(part), registries.CONTAINERS):
                    continue
        if not isinstance(held, ast.Name):
            raise Refused(
                f"line {unit.line} of {swap.name} {happened}: "
                f"what it set inside of {key[1]} cannot be undone"
            )
    return found


def _binds(swap: ModuleSwap, unit: Unit, key: Key) -> bool:
    """``x += 1``: the name is bound anew as a chain."""
    return key[0] == swap.name and key[1] in unit.scan.binds


def _refuse_part(rerun: Rerun, swap: ModuleSwap, unit: Unit, key: Key, happened: Happened) -> None:
    """Refuse a call on a library's object inside of another: ``templates.env.add_extension(x)``.

    What is made anew on the side takes what its own attributes hold; how a library keeps things further in, and what
    was there before the call, nobody knows.

    Raises:
        Refused: Only a fresh process does without it.
    """
    call = unit.node.value if isinstance(unit.node, ast.Expr) else None
    if not isinstance(call, ast.Call) or root(call) != key[1]:
        return
    value: object = value_at(rerun, key)
    for part in dotted(call.func).split(".")[1:-1]:
        names = instance_dict(value)
        value = names.get(part) if names is not None else None
        if value is None or issubclass(type(value), registries.CONTAINERS):
            return
        if type(value).__module__ not in rerun.tracker.loaded:
            raise Refused(
                f"line {unit.line} of {swap.name} {happened}: "
                f"what it did inside of {key[1]} cannot be undone"
            )


def _same_keys(old: Unit, new: Unit) -> bool:
    """Say whether a call names what it named before: ``env.globals.update(version=2)`` overwrites."""

    def named(unit: Unit) -> list[str]:
        call = unit.node.value if isinstance(unit.node, ast.Expr) else None
        if not isinstance(call, ast.Call):
            return [unit.segment]
        keys = [ast.dump(call.func), *(str(keyword.arg) for keyword in call.keywords)]
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                keys += [ast.dump(k) for k in argument.keys if k is not None]
            else:
                keys.append(ast.dump(argument))
        return keys

    methods = {m for _, m in new.scan.methods}
    return overwrites(methods) and set(named(old)) <= set(named(new))


def _refuse_foreign(rerun: Rerun, swap: ModuleSwap, unit: Unit, happened: Happened) -> None:
    """Refuse a statement that put items into a library's container, which nobody fills anew: ``sys.modules[x] = y``.

    Raises:
        Refused: Nobody knows which of them to take out.
    """
    for name, attribute in unit.scan.assigns:
        if attribute or type(swap.names.get(name)) is not ModuleType:
            continue
        for chain in unit.scan.chains:
            home = swap.edges[name].module if name in swap.edges else name
            if chain[0] == name and chain != ("os", "environ") and home not in rerun.tracker.loaded:
                raise Refused(
                    f"line {unit.line} of {swap.name} {happened}: what it put into {'.'.join(chain)} cannot be undone"
                )


def _overwritten(swap: ModuleSwap, unit: Unit) -> bool:
    """Say whether what the calls of a statement that is gone did need not be undone.

    A changed call shows as one gone and one new, which may overwrite what the old one did.
    """
    methods = {m for _, m in unit.scan.methods}
    call = unit.node.value if isinstance(unit.node, ast.Expr) else None
    if isinstance(call, ast.Call):
        function = dotted(call.func)
        methods |= {function.rpartition(".")[2]} - {""}
        if leaves_nothing(function) or all(map(leaves_nothing, methods)):
            return True
        running = (s.unit.node for s in swap.steps if s.verdict == "run" and not s.is_guard)
        others = (node.value for node in running if isinstance(node, ast.Expr))
        return overwrites(methods) and done_by_another(call, methods, others)
    return bool(methods) and overwrites(methods)


def refuse_undoing(
    rerun: Rerun, swap: ModuleSwap, unit: Unit, key: Key, happened: Happened
) -> None:
    """Refuse what a statement did to an object that is not made anew, unless doing it again overwrites it.

    Args:
        rerun: The statements of the batch.
        swap: The statement's module.
        unit: The statement.
        key: The object.
        happened: To the statement.

    Raises:
        Refused: What it did cannot be undone.
    """
    value = value_at(rerun, key)
    if value is MISSING:
        value = swap.names.get(key[1], MISSING)  # a library's
    if isinstance(value, type) or type(value) is FunctionType or value is MISSING:
        return
    called = [method for _, method in unit.scan.methods]
    if happened != "was removed" and overwrites(called) and (called or unit.kind != "assign"):
        return
    raise Refused(
        f"line {unit.line} of {swap.name} {happened}: what it did to {key[1]} cannot be undone"
    )


def _refuse_unknown(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Refuse a call that is gone, unless it is known to leave nothing, or its function is ours: its body is read."""
    value = unit.node.value if isinstance(unit.node, ast.Expr) else None
    if not isinstance(value, ast.Call):
        return
    name = dotted(value.func)
    function = swap.names.get(name)
    if type(function) is FunctionType and function.__module__ in rerun.tracker.loaded:
        return
    raise Refused(
        f"line {unit.line} of {swap.name} was changed or removed: what {ast.unparse(value.func)}() did cannot be undone"
    )


def _edited(rerun: Rerun, swap: ModuleSwap, step: Step, index: int) -> None:
    unit = step.unit
    if unit.kind in ("def", "class") and step.old is not None:
        _definition_edited(rerun, swap, unit, step.old)
        return
    keys = targets(rerun, swap, unit)
    if step.old is not None and step.situation != "new":
        _refuse_foreign(rerun, swap, step.old, "was changed")
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
        if unit.kind in ("def", "class") or not _filled_later(rerun, swap, key, index):
            return  # it comes last, as in the file
        sets = bool(unit.scan.assigns) and not issubclass(type(value), registries.CONTAINERS)
        if rebuildable(rerun, key) and not sets:
            schedule(rerun, key)
        return
    if sets_anew(step):
        return
    if step.old is not None and not _same_keys(step.old, unit):
        _refuse_part(rerun, swap, step.old, key, "was changed")
    items = step.old is not None and _sets_items(swap, step.old, key, "was changed")
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
        elif before != after and rebuildable(rerun, key):
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


def _filled_later(rerun: Rerun, swap: ModuleSwap, key: Key, index: int) -> bool:
    return any(
        key in targets(rerun, swap, s.unit) and s.verdict != "run"
        for s in swap.steps[index + 1 :]
        if not s.is_guard and s.unit.kind not in ("import", "docstring")
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
    others: set[type] = set()  # kinds of which no app is, nor what the program's own classes make
    for entry in list(tracked.values()):
        if others.issuperset(map(type, list(entry.names.values()))):
            continue
        for name, value in [i for i in entry.names.items() if type(i[1]) not in others]:
            if adapter_of(rerun, value) is None and type(value).__module__ not in tracked:
                others.add(type(value))
                continue
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

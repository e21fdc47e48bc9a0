"""What statements that are gone, or were changed, had done to objects that are not made anew: undone it cannot be.

A call that runs now may overwrite it, or it left nothing; everything else is refused, and a fresh process does without.
"""

from __future__ import annotations

import ast
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Literal

from hotswap.live import registries
from hotswap.live.adapters.base import Refused
from hotswap.live.journal import MISSING
from hotswap.live.looking import instance_dict
from hotswap.live.rerun.fillers import value_at
from hotswap.live.rerun.repeatable import done_by_another, leaves_nothing, overwrites
from hotswap.source.blocks import calls_in
from hotswap.source.nodes import dotted, root

if TYPE_CHECKING:
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.units import Unit

Happened = Literal["was removed", "was changed", "runs again"]


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


def refuse_unknown(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
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


def refuse_foreign(rerun: Rerun, swap: ModuleSwap, unit: Unit, happened: Happened) -> None:
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


def refuse_part(rerun: Rerun, swap: ModuleSwap, unit: Unit, key: Key, happened: Happened) -> None:
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


def sets_items(swap: ModuleSwap, unit: Unit, key: Key, happened: Happened) -> bool:
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


def is_overwritten(swap: ModuleSwap, unit: Unit) -> bool:
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
        running = [s.unit.node for s in swap.steps if s.verdict == "run" and not s.is_guard]
        others = [node.value for node in running if isinstance(node, ast.Expr)]
        others += [inner.call for node in running for inner in calls_in(node)]
        return overwrites(methods) and done_by_another(call, methods, others)
    return bool(methods) and overwrites(methods)


def names_the_same(old: Unit, new: Unit) -> bool:
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


def is_replaced(swap: ModuleSwap, gone: Unit) -> bool:
    """Say whether a call that runs now names all that one named which is gone, and so overwrites it."""
    running = (s.unit for s in swap.steps if s.verdict == "run" and not s.is_guard)
    return any(names_the_same(gone, unit) for unit in running)

"""What stays of a definition that runs again: attributes and defaults whose expressions read nothing that changed."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap.live.rerun.changed import dirty_chain, visible_dirty, visible_shaped
from hotswap.live.rerun.looked import look_reason
from hotswap.source.diff import compare_classes
from hotswap.source.looks import looked_at
from hotswap.source.nodes import defaults_of, mangled, names_in
from hotswap.source.units import Unit

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step


def note_kept(rerun: Rerun, swap: ModuleSwap, step: Step, old: Any) -> None:
    """Tell the graft what stays of the old function or class that a statement's new one is put into."""
    unit = step.unit
    if unit.kind == "class" and isinstance(old, type):
        before = _class_before(swap, unit.name)
        class_delta(rerun, swap, unit, before or unit)
        if before is None:  # its attributes may have come from anywhere
            place = (swap.entry.names.get("__name__", swap.name), unit.name)
            rerun.graft.told.deltas[place] = replace(
                rerun.graft.told.deltas[place], kept=frozenset()
            )
    elif unit.kind == "def":
        last = swap.last_before(unit.name)
        if last is None or last.kind != "def" or _defaults_read(unit, visible_dirty(rerun, swap)):
            return
        rerun.graft.told.keep_defaults[unit.name] = _same_defaults(last, unit)


def _class_before(swap: ModuleSwap, name: str) -> Unit | None:
    """Give the class statement that made the class a name stood for, also below an ``if`` or ``try``; None: unknown."""
    last = swap.last_before(name)
    if last is None or last.kind == "class":
        return last
    found = [n for n in ast.walk(last.node) if isinstance(n, ast.ClassDef) and n.name == name]
    return Unit(found[0], last.text, shift=last.shift) if len(found) == 1 else None


def class_delta(rerun: Rerun, swap: ModuleSwap, unit: Unit, old: Unit, prefix: str = "") -> None:
    """Work out which attributes of a class that ran keep their values: those that read nothing that changed."""
    delta = compare_classes(old, unit)
    dirty = visible_dirty(rerun, swap)
    called = swap.tainted | swap.readers
    shaped = visible_shaped(rerun, swap)
    methods = {method for other in rerun.swaps.values() for _, method in other.methods}
    lost: set[str] = set()
    for member in unit.members:
        scan = member.scan
        if member.kind == "class":
            partner = next(
                (m for m in old.members if m.kind == "class" and m.name == member.name), member
            )
            class_delta(rerun, swap, member, partner, f"{prefix}{unit.name}.")
        elif member.kind == "def":
            twin = next((m for m in old.members if m.kind == "def" and m.name == member.name), None)
            if twin is not None and not _defaults_read(member, dirty | shaped | lost):
                rerun.graft.told.keep_defaults[f"{prefix}{unit.name}.{member.name}"] = (
                    _same_defaults(twin, member)
                )
        if (
            scan.reads & (dirty | lost)
            or scan.calls & called
            or dirty_chain(rerun, swap, scan.chains, "dirty")
            or any(method in methods for _, method in scan.methods)
            or _looks_at(rerun, swap, member, shaped)
        ):
            lost.update(member.binds)
    delta = replace(
        delta,
        kept=frozenset(mangled(name, unit.name) for name in delta.kept - lost),
        bound=frozenset(mangled(name, old.name) for name in delta.bound),
    )
    place = (swap.entry.names.get("__name__", swap.name), f"{prefix}{unit.name}")
    rerun.graft.told.deltas[place] = delta
    if old.class_head[0] not in ("[]", unit.class_head[0]):
        rerun.graft.told.redecorated.add(place)


def _looks_at(rerun: Rerun, swap: ModuleSwap, member: Unit, shaped: set[str]) -> bool:
    """Say whether a member reads attributes or facts of a definition that changed; an instance of a class is state."""
    if look_reason(rerun, swap, member):
        return True
    return member.kind == "assign" and any(
        name.partition(".")[0] in shaped or dirty_chain(rerun, swap, [chain], "shaped")
        for name in looked_at(member)
        if (chain := tuple(name.split(".")))
    )


def _defaults_read(unit: Unit, names: set[str]) -> bool:
    """Say whether the default of any parameter reads one of `names`."""
    return any(names_in(value) & names for value in defaults_of(unit.definition.args).values())


def _same_defaults(old: Unit, new: Unit) -> frozenset[str]:
    """Give the parameters whose default expression did not change."""
    before, after = defaults_of(old.definition.args), defaults_of(new.definition.args)
    return frozenset(
        name
        for name, value in after.items()
        if name in before and ast.dump(before[name]) == ast.dump(value)
    )

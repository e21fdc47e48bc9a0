"""What only running the statements would find out, told before: why a fresh process will be needed after all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from hotswap.live.adapters.base import Refused
from hotswap.live.gathered import Held
from hotswap.live.looking import instance_dict
from hotswap.live.registries import CONTAINERS
from hotswap.live.rerun.fillers import targets, value_at
from hotswap.live.rerun.remade import statement_of, took
from hotswap.live.successors import refuse_alive
from hotswap.source.graph import imports_of

if TYPE_CHECKING:
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.units import Unit


def refuse_moved(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Refuse an import, or a class statement, for which a class with live instances would move to another file.

    Raises:
        Refused: Instances live.
    """
    homes = {e.local: e for e in imports_of(unit, swap.package)} if unit.kind == "import" else {}
    for name in unit.binds:
        old = swap.names.get(name)
        edge = homes.get(name)
        if not isinstance(old, type) or (edge is None and unit.kind != "class"):
            continue
        home = swap.name if edge is None else edge.module
        left = rerun.swaps.get(old.__module__)
        if left is None or left.plan is None or home == left.name:
            continue
        gone = any(u.kind == "class" and u.name == old.__name__ for u in left.plan.removed)
        if gone and (edge is None or _defines(rerun, home, str(edge.name))):
            refuse_alive(old, home)


def _defines(rerun: Rerun, module: str, name: str) -> bool:
    swap, entry = rerun.swaps.get(module), rerun.tracker.loaded.get(module)
    if swap is not None:
        text = swap.text
    elif entry is not None:
        text = rerun.dependents.text(entry)
    else:
        return True  # a file that nobody has imported yet
    return any(u.kind == "class" and u.name == name for u in text.units)


def refuse_taken(rerun: Rerun) -> None:
    """Refuse edits of statements that fill what the program has taken out (APScheduler's jobs, once it has started).

    Raises:
        Refused: An edited statement calls a method that fills an emptied attribute.
    """
    for key in rerun.refill.due:
        entry, value = rerun.tracker.loaded.get(key[0]), value_at(rerun, key)
        was = entry.built.get(key[1]) if entry is not None else None
        inside = instance_dict(value)
        if type(was) is not Held or not isinstance(was.items, dict) or inside is None:
            continue
        for name, given in was.items.items():
            now = inside.get(name)
            emptied = type(given) is Held and bool(given.items) and not now
            if emptied and isinstance(now, CONTAINERS) and _fills(rerun, key, type(value), name):
                raise Refused(took(value, name))


def _fills(rerun: Rerun, key: Key, cls: type, attribute: str) -> bool:
    """Say whether an edited statement calls a method of `cls` that spells the attribute."""
    called: set[str] = set()
    for swap in rerun.edited:
        units = [s.unit for s in swap.steps if s.verdict == "run"]
        units += swap.plan.removed if swap.plan is not None else []
        for unit in units:
            if unit.kind not in ("import", "docstring") and key in targets(rerun, swap, unit):
                called |= {method for _, method in unit.scan.methods}
    body = statement_of(rerun, cls)
    return body is not None and any(
        isinstance(node, ast.Attribute) and node.attr == attribute
        for member in body.members
        if member.kind == "def" and member.name in called
        for node in ast.walk(member.node)
    )

"""Classes that stayed and changed shape, functions that stayed and changed signature: who must run again for it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from hotswap.live.journal import MISSING
from hotswap.live.pydantic_models import is_settings
from hotswap.live.rerun.changed import chain_value, dirty_chain
from hotswap.live.rerun.fillers import fills_registry

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step


def shape_reason(rerun: Rerun, swap: ModuleSwap, step: Step) -> str:
    """Say what the statement reads that kept its identity and changed shape; ``""`` when it need not run."""
    unit, scan = step.unit, step.unit.scan
    shaped = set(swap.shaped)
    for local, edge in swap.edges.items():
        other = rerun.swaps.get(edge.module)
        if other is not None and edge.name in other.shaped:
            shaped.add(local)
    if not shaped and not any(s.shaped for s in rerun.swaps.values()):
        return ""
    attribute = _attribute_reason(rerun, swap, step)
    if attribute:
        return attribute
    read = (scan.reads | scan.soft) & shaped
    chain = "" if read else dirty_chain(rerun, swap, scan.chains, "shaped")
    if not read and not chain:
        return ""
    name = min(read) if read else chain
    value = swap.names.get(name) if read else chain_value(rerun, swap, chain)
    if unit.kind in ("def", "assign") and not issubclass(type(value), type):
        if not fills_registry(rerun, swap, unit):
            swap.shaped.update(
                unit.binds
            )  # who reads this one reads that one: Depends(Depends(...))
            return ""
    if unit.kind == "def":
        if not unit.impure_decorators:
            return ""
        return (
            f"reads {name}" if isinstance(value, type) or fills_registry(rerun, swap, unit) else ""
        )
    if not isinstance(value, type):
        return f"reads {name}" if fills_registry(rerun, swap, unit) else ""
    if unit.kind == "class":
        mine = swap.names.get(unit.name)
        if isinstance(mine, type) and (is_special(mine) or is_special(value)):
            return f"reads {name}"
        attributes = {c for c in scan.chains if c[0] == name}
        return f"reads {'.'.join(min(attributes))}" if attributes else ""
    if unit.kind in ("expr", "for", "with", "other"):
        return f"reads {name}" if fills_registry(rerun, swap, unit) else ""
    if any(c[0] == name for c in scan.chains) and not any(m[0] == name for m in scan.methods):
        return f"reads {name}'s attributes"
    if scan.comprehends and isinstance(value, type) and name in scan.reads:
        return f"reads {name}"
    made = any(type(swap.names.get(b)) is value for b in unit.binds)
    if is_settings(value) if made else is_special(value):
        return f"reads {name}"
    return ""


def _attribute_reason(rerun: Rerun, swap: ModuleSwap, step: Step) -> str:
    """``Child.size`` or ``instance.size``, where a base class changed shape."""
    if step.unit.kind in ("def", "import"):
        return ""
    shaped = {id(c) for c in rerun.graft.shaped}
    if not shaped:
        return ""
    called = set(step.unit.scan.methods)
    for chain in step.unit.scan.chains:
        value = swap.names.get(chain[0], MISSING)
        if value is MISSING or len(chain) < 2 or (chain[0], chain[1]) in called:
            continue
        kind = value if issubclass(type(value), type) else type(value)
        if any(id(base) in shaped for base in type.__dict__["__mro__"].__get__(kind)):
            if step.unit.kind in ("expr", "for", "with", "other") or (
                chain[0] in step.unit.scan.mutates
            ):
                continue
            return f"reads {'.'.join(chain)}"
    return ""


def is_special(cls: type) -> bool:
    """Say whether others read a class's fields: dataclass, attrs, pydantic, enum, named tuple, typed dict."""
    if isinstance(cls, enum.EnumMeta):
        return True
    marks = (
        "__dataclass_fields__",
        "__attrs_attrs__",
        "__pydantic_fields__",
        "_fields",
        "__required_keys__",
    )
    return any(m in type.__dict__["__dict__"].__get__(c) for c in cls.__mro__ for m in marks)

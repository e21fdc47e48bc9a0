"""Classes that stayed and changed shape, functions that stayed and changed signature: who must run again for it."""

from __future__ import annotations

import ast
import enum
from itertools import pairwise
from typing import TYPE_CHECKING

from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, mro
from hotswap.live.pydantic_models import is_settings
from hotswap.live.rerun.changed import chain_value, dirty_chain, named_by, visible_shaped
from hotswap.live.rerun.fillers import fills_registry
from hotswap.live.why import Kind, Why
from hotswap.source.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def shape_reason(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    """Say what the statement reads that kept its identity and changed shape; None when it need not run."""
    unit, scan = step.unit, step.unit.scan
    shaped = visible_shaped(rerun, swap)
    if not shaped and not any(s.shaped for s in rerun.swaps.values()):
        return None
    attribute = _attribute_reason(rerun, swap, step)
    if attribute:
        return attribute
    read = (scan.reads if unit.annotated else scan.reads | scan.soft) & shaped
    chain = "" if read else dirty_chain(rerun, swap, scan.chains, "shaped")
    chain = chain and named_by(rerun, swap, chain)
    if not read and not chain:
        return None
    name = min(read) if read else chain
    value = swap.names.get(name) if read else chain_value(rerun, swap, chain)
    if unit.kind in ("def", "assign") and not issubclass(type(value), type):
        if not fills_registry(rerun, swap, unit):
            # who reads this one reads that one: Depends(Depends(...))
            swap.shaped.update(unit.binds)
            return None
    if unit.kind == "def":
        if not unit.impure_decorators:
            return None
        reads = isinstance(value, type) or fills_registry(rerun, swap, unit)
        return Why(Kind.READS, name) if reads else None
    if not isinstance(value, type):
        return Why(Kind.READS, name) if fills_registry(rerun, swap, unit) else None
    if unit.kind == "class":
        mine = swap.names.get(unit.name)
        if isinstance(mine, type) and (is_special(mine) or is_special(value)):
            return Why(Kind.READS, name)
        attributes = {c for c in scan.chains if c[0] == name}
        return Why(Kind.READS, ".".join(min(attributes))) if attributes else None
    if unit.kind in ("expr", "for", "with", "other"):
        return Why(Kind.READS, name) if fills_registry(rerun, swap, unit) else None
    return _used(rerun, swap, unit, name, value)


def _used(rerun: Rerun, swap: ModuleSwap, unit: Unit, name: str, cls: type) -> Why | None:
    """Say what an assignment reads of a class that changed shape; None when it need not run."""
    uses = _uses(_evaluated(unit), name)
    for use, what in uses:
        read = use == "attribute" or (use == "member" and not _is_member(cls, what))
        if read and _other_now(rerun, cls, what):
            return Why(Kind.READS, f"{name}'s attributes")
    kinds = {use for use, _ in uses}
    if "bare" in kinds and unit.scan.comprehends and name in unit.scan.reads:
        return Why(Kind.READS, name)
    if any(type(swap.names.get(bound)) is cls for bound in unit.binds):
        return Why(Kind.READS, name) if is_settings(cls) else None
    if is_special(cls) and kinds & {"bare", "method"}:
        return Why(Kind.READS, name)
    return None


def _evaluated(unit: Unit) -> ast.AST:
    """Give what a statement evaluates: of an assignment the right-hand side alone."""
    return unit.node if unit.value is None else unit.value


def _uses(node: ast.AST, name: str) -> set[tuple[str, str]]:
    """Say what a statement does with a class, spelled ``Item`` or ``models.Item``.

    Returns:
        ``("instance", "")`` where it makes one: instances are state, wherever they are kept; ``("held", "")`` where it
        is an element of a display, or a type parameter of what is made (``Box[Item]()``): the class is the same one;
        ``("method", "load")``, ``("attribute", "size")``, ``("member", "IDLE")`` where that is held and nothing is
        made of it; ``("bare", "")`` for all else: it is handed on, looked through, subscripted.
    """
    parents = {id(child): part for part in ast.walk(node) for child in ast.iter_child_nodes(part)}
    found: set[tuple[str, str]] = set()
    for part in ast.walk(node):
        if dotted(part) != name or not isinstance(getattr(part, "ctx", None), ast.Load):  # type: ignore[arg-type]
            continue
        parent = parents.get(id(part))
        if isinstance(parent, ast.Call) and parent.func is part:
            outer = parents.get(id(parent))
            if isinstance(outer, ast.Attribute) and not _is_called(outer, parents):
                found.add(
                    ("attribute", outer.attr)
                )  # ``Config().size``: the instance itself is dropped
            else:
                found.add(("instance", ""))
        elif _only_held(part, parents):
            found.add(("held", ""))
        elif isinstance(parent, ast.Attribute):
            outer = parents.get(id(parent))
            if outer is None or _only_held(parent, parents):
                found.add(("member", parent.attr))
                continue
            found.add(("method" if _is_called(parent, parents) else "attribute", parent.attr))
        else:
            found.add(("bare", ""))
    return found


def _is_called(part: ast.AST, parents: Mapping[int, ast.AST]) -> bool:
    outer = parents.get(id(part))
    return isinstance(outer, ast.Call) and outer.func is part


def _is_member(cls: type, name: str) -> bool:
    """Say whether an attribute is a member of an enum, which stays the same object when its value changes."""
    return isinstance(cls, enum.EnumMeta) and name in cls.__members__


def _only_held(part: ast.AST, parents: Mapping[int, ast.AST]) -> bool:
    """Say whether an expression's value is put into what the statement makes, and nobody looks into it on the way."""
    inner, outer = part, parents.get(id(part))
    while isinstance(outer, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
        inner, outer = outer, parents.get(id(outer))
    if isinstance(outer, ast.Subscript) and outer.slice is inner:
        above = parents.get(id(outer))
        return isinstance(above, ast.Call) and above.func is outer
    return outer is None and inner is not part


def _other_now(rerun: Rerun, cls: type, name: str) -> bool:
    """Say whether a class, or the base it takes the attribute from, has another value of an attribute now."""
    changed = rerun.graft.changed.attributes
    for base in mro(cls):
        if (id(base), name) in changed or (id(base), "*") in changed:
            return True
        if name in class_dict(base):
            return False
    return True


def _attribute_reason(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    """``Child.size`` or ``instance.size``, where a base class changed shape."""
    if step.unit.kind in ("def", "import"):
        return None
    shaped = {id(c) for c in rerun.graft.changed.shaped}
    if not shaped:
        return None
    called = set(step.unit.scan.methods)
    for chain in step.unit.scan.chains:
        value = swap.names.get(chain[0], MISSING)
        if value is MISSING or len(chain) < 2 or (chain[0], chain[1]) in called:
            continue
        kind = value if issubclass(type(value), type) else type(value)
        if any(id(base) in shaped for base in mro(kind)):
            if step.unit.kind in ("expr", "for", "with", "other") or (
                chain[0] in step.unit.scan.mutates
            ):
                continue
            if kind is value and _is_member(kind, chain[1]):
                if ("attribute", chain[1]) not in _uses(_evaluated(step.unit), chain[0]):
                    continue
            if _other_now(rerun, kind, chain[1]) or _inner_changed(rerun, shaped, kind, chain):
                return Why(Kind.READS, ".".join(chain))
    return None


def _inner_changed(rerun: Rerun, shaped: set[int], cls: type, chain: tuple[str, ...]) -> bool:
    """Say whether ``Item.Config.size`` reads an attribute of a nested class that has another value now."""
    for name, read in pairwise(chain[1:]):
        found = [class_dict(base)[name] for base in mro(cls) if name in class_dict(base)]
        if not found or not issubclass(type(found[0]), type):
            return False
        cls = found[0]
        if any(id(base) in shaped for base in mro(cls)) and _other_now(rerun, cls, read):
            return True
    return False


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
    return any(m in class_dict(c) for c in cls.__mro__ for m in marks)

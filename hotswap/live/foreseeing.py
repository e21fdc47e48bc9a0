"""Why a class statement will not fit its live class, told from its text before anything runs."""

from __future__ import annotations

import ast
import builtins
import enum
import gc
import types
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Refused
from hotswap.live.looking import is_made
from hotswap.live.namespaces import own_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.source.units import Unit


def refuse_classes(module: ModuleSwap) -> None:
    """Before anything runs: find the classes of a module that cannot take their edit.

    Raises:
        Refused: One cannot, and instances of it live.
    """
    for step in module.steps:
        if step.delta is None or step.old is None or step.verdict != "run":
            continue
        cls = module.names.get(step.unit.name)
        node = step.unit.node
        if not isinstance(cls, type) or not isinstance(node, ast.ClassDef):
            continue
        members = [m for unit in (step.old, step.unit) for m in unit.members]
        attributes = {n for m in members if m.kind == "assign" for n in _named_by(m)}
        told = [(name.rpartition(".")[2], mark) for mark, name, _, _ in step.delta.changed]
        rows = [(name, mark) for name, mark in told if name in attributes]
        changed = step.old.class_head[1:3] != step.unit.class_head[1:3]
        bases = tuple(ast.unparse(b) for b in node.bases) if changed else None
        named = [k.value for k in node.keywords if k.arg == "metaclass"]
        metaclass = ast.unparse(named[0]) if named else ""
        slots = _slots(step.old) != _slots(step.unit)
        reason = foreseen(cls, rows, bases, metaclass, slots, module.names)
        if reason:
            raise Refused(reason)


def _named_by(unit: Unit) -> tuple[str, ...]:
    """Give what an assignment or a bare annotation in a class body names."""
    target = unit.node.target if isinstance(unit.node, ast.AnnAssign) else None
    return (target.id,) if isinstance(target, ast.Name) else unit.binds


def _slots(unit: Unit) -> tuple[bool, object]:
    """Give what a class statement says of slots: whether a decorator makes them, and which it names, in any order."""
    decorators = getattr(unit.node, "decorator_list", ())
    decorated = "slots=True" in "".join(ast.unparse(d) for d in decorators)
    for member in unit.members:
        if "__slots__" in member.scan.binds and member.value is not None:
            try:
                value = ast.literal_eval(member.value)
            except (ValueError, TypeError, SyntaxError):
                return decorated, ast.dump(member.value)
            return decorated, frozenset([value] if isinstance(value, str) else value)
    return decorated, None


def foreseen(
    old: type,
    changes: Iterable[tuple[str, str]],
    bases: tuple[str, ...] | None,
    metaclass: str,
    slots: bool,
    names: Mapping[str, Any],
) -> str:
    """Say before anything runs why a class statement will not fit its live class; empty when it may.

    Args:
        old: The live class.
        changes: ``(name, mark)`` of the attributes and fields that were edited in its body.
        bases: Its new bases, as written, when they (or the metaclass) changed, else None.
        metaclass: As its header names it, or ``""``.
        slots: Other slots are named.
        names: The module's names, in which the bases are looked up.
    """
    name = old.__qualname__
    own = own_dict(old)
    reason = ""
    members = dict(changes)
    if issubclass(old, tuple) and "_fields" in own:
        fields = set(own["_fields"])
        if any(mark == "+" or (mark == "-" and m in fields) for m, mark in members.items()):
            reason = f"the fields of NamedTuple {name} changed"
    elif isinstance(old, enum.EnumMeta):
        mixed: Any = old
        if mixed._member_type_ is not object and any(
            mark == "~" and m in mixed._member_map_ for m, mark in members.items()
        ):
            return f"a member of {name}, which is itself a {mixed._member_type_.__name__}, changed its value"
    elif slots or (
        "__slots__" in own
        and ("__dataclass_fields__" in own or "__attrs_attrs__" in own)
        and any(mark in "+-" for mark in members.values())
    ):
        reason = f"the slots of {name} changed"
    if bases is not None and not reason:
        found = [_named(b.partition("[")[0], names) for b in bases]
        if all(isinstance(b, type) for b in found):
            made: list[Any] = found or [object]
            if _metaclass(made, _named(metaclass, names)) not in (type(old), None):
                reason = f"the metaclass of {name} changed"
            elif (old.__bases__ == (object,)) != (made == [object]):
                reason = f"the bases of {name} changed from or to object"
            elif is_made(best_base(made)) != is_made(best_base(old.__bases__)):
                reason = f"the bases of {name} changed from or to a built-in class"
            elif solid(old.__bases__) != solid(made):
                reason = f"the memory layout of {name} changed with its bases"
    if not reason:
        return ""
    alive = sum(type(o) is old for o in gc.get_objects())
    return f"{reason}, and {alive} of it live{'s' if alive == 1 else ''}" if alive else ""


def best_base(bases: Iterable[type]) -> type:
    """Give the base that lays out instances (CPython Objects/typeobject.c, best_base)."""
    winner: type = object
    laid_out: type = object
    for base in bases:
        builtin = next(c for c in type.mro(base) if not is_made(c))
        if winner is object or (builtin is not laid_out and issubclass(builtin, laid_out)):
            winner, laid_out = base, builtin
    return winner


def _named(name: str, names: Mapping[str, Any]) -> Any:
    """Give what a header's word stands for; None for what only running it would tell."""
    if not name:
        return None
    first, *rest = name.split(".")
    found = names.get(first, getattr(builtins, first, None))
    for part in rest:  # ``enum.StrEnum``
        found = found.__dict__.get(part) if type(found) is types.ModuleType else None
    return found


def _metaclass(bases: Iterable[type], named: Any) -> type | None:
    """Give the metaclass that a class statement would take, None when that cannot be told."""
    kinds = [type(base) for base in bases] + ([named] if isinstance(named, type) else [])
    return next((k for k in kinds if all(issubclass(k, other) for other in kinds)), None)


def solid(bases: Iterable[type]) -> frozenset[type]:
    """Give the built-in classes that lay out instances of a class with these bases."""
    found = {c for b in bases for c in type.mro(b) if not is_made(c) and c is not object}
    return frozenset(found)

"""Why a statement has to run although it was not edited: what it reads, calls, is handed or inherits changed."""

from __future__ import annotations

import ast
import builtins
import functools
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.factories import CALLING
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, mro
from hotswap.live.rerun.chains import chain_reason
from hotswap.live.rerun.changed import answers_otherwise, dirty_chain, set_before, visible_dirty
from hotswap.live.rerun.fillers import adapter_of
from hotswap.live.rerun.looked import look_reason
from hotswap.live.rerun.outside import variables_read
from hotswap.live.rerun.refill import call_again, reason_to_refill
from hotswap.live.rerun.shapes import is_special, shape_reason
from hotswap.live.why import Kind, Why
from hotswap.source import looks, special
from hotswap.source.given import calls_of_given
from hotswap.source.graph import imports_of
from hotswap.source.nodes import defaults_of, dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit

KEEPING: Final = frozenset({"attr", "attrs", "dataclasses", "functools", "pydantic"})
"""Packages whose functions keep what they are given; so do those of frameworks with an adapter."""


SUSPENDED: Final = (GeneratorType, AsyncGeneratorType, CoroutineType)
MAKING: Final = frozenset({"__init__", "__new__", "__post_init__", "__del__", "__setattr__"})
"""Special methods that make what is state once it is made."""
ASKED: Final = 32
"""Elements of a container whose classes are looked at."""


def reason_to_run(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    """Say why a statement has to run, or None."""
    unit, scan = step.unit, step.unit.scan
    if step.verdict == "docstring" or (unit.kind == "docstring" and step.verdict == "run"):
        return Why(Kind.DOCSTRING)
    if unit.kind == "docstring":
        return Why(Kind.MUTATES_DOCSTRING) if "__doc__" in swap.rebuilt else None
    if step.verdict == "run":
        return Why(Kind.EDITED)
    if id(unit) in swap.forced:
        return swap.forced[id(unit)]
    if unit.kind not in ("def", "class", "assign", "expr"):
        imported = _import_reason(rerun, swap, step)
        if imported or unit.kind == "import":
            return imported
    dirty = visible_dirty(rerun, swap)
    names = sorted(scan.reads & dirty)
    if names:
        return Why(Kind.READS, ", ".join(names))
    chain = dirty_chain(rerun, swap, scan.chains, "dirty")
    if chain:
        return Why(Kind.READS, chain)
    spelled = sorted(scan.soft & dirty)
    if spelled and _resolves_annotations(swap, step):
        return Why(Kind.READS, ", ".join(spelled))
    for chain_ in scan.chains if swap.outside else ():
        if chain_[:2] not in swap.outside or unit.kind == "expr":
            continue
        if not {chain_[:2], (chain_[0], "")} & scan.assigns:
            return Why(Kind.READS, ".".join(chain_[:2]))
    if (
        swap.outside
        and scan.calls & {"exec", "eval", "globals"}
        and ("globals()", "") in swap.outside
    ):
        return Why(Kind.MODULE_NAMES)
    if dirty and unit.kind not in ("def", "class") and looks.takes_all_names(unit):
        return Why(Kind.MODULE_NAMES)
    return (
        variables_read(rerun, unit)
        or _called(rerun, swap, step)
        or shape_reason(rerun, swap, step)
        or look_reason(rerun, swap, unit)
        or chain_reason(swap, step)
        or reason_to_refill(rerun, swap, step)
    )


def _resolves_annotations(swap: ModuleSwap, step: Step) -> bool:
    """Say whether annotations that are text (``from __future__ import annotations``) are looked up at once.

    Models do so, and frameworks of the functions they are given. Of a function that is not given to any yet, who
    reads it does.
    """
    unit = step.unit
    if unit.kind == "class":
        value = swap.names.get(unit.name)
        return isinstance(value, type) and is_special(value)
    if unit.kind != "def":
        return False
    if not unit.impure_decorators:
        swap.shaped.add(unit.name)
    return bool(unit.impure_decorators)


def _import_reason(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    for edge in imports_of(step.unit, swap.package):
        other = rerun.swaps.get(edge.module)
        if edge.name is not None and set_before(rerun, swap, (edge.module, edge.name)):
            return Why(Kind.IMPORTS, edge.name, edge.module)
        if other is None or edge.name is None:
            continue
        if edge.name == "*":
            if other.dirty:
                return Why(Kind.IMPORTS_ALL, by=edge.module)
        elif edge.name in other.dirty or answers_otherwise(other, edge.name):
            return Why(Kind.IMPORTS, edge.name, edge.module)
    return None


def _called(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    unit, scan = step.unit, step.unit.scan
    if unit.kind == "def":
        made = {c for c in _called_decorators(unit) if c in swap.returned}
        names = sorted(scan.decorated_by & swap.own_tainted | made)
        if names:
            return Why(Kind.DECORATED, names[0])
        chains = [tuple(c.split(".")) for c in _called_decorators(unit) if "." in c]
        chain = dirty_chain(rerun, swap, chains, "returned")
        chain = chain or dirty_chain(rerun, swap, scan.called_chains, "own_tainted")
        if chain:
            return Why(Kind.DECORATED, chain)
        given = sorted(
            _called_in(defaults_of(unit.definition.args)) & (swap.tainted | swap.readers)
        )
        return Why(Kind.CALLS, given[0]) if given else _method_called(rerun, swap, step)
    returned = swap.returned if unit.kind == "class" or _calls_a_call(unit) else set()
    called = scan.calls & (swap.tainted | swap.readers | returned)
    called |= scan.decorators & swap.own_tainted
    hits = sorted(called) or sorted(_handed(rerun, swap, scan.handed))
    chain = ""
    if not hits:
        chain = dirty_chain(rerun, swap, scan.called_chains, "tainted") or dirty_chain(
            rerun, swap, scan.called_chains, "readers"
        )
    what = hits[0] if hits else chain
    if unit.kind == "class":
        if what:
            return Why(Kind.DECORATED if what in scan.decorators else Kind.CALLS, what)
        return _method_called(rerun, swap, step)
    if what and unit.kind == "expr":
        return call_again(rerun, swap, step, what)
    if what and not _goes_on(swap, unit, set(hits) or {chain}):
        return Why(Kind.CALLS, what)
    return _method_called(rerun, swap, step)


def _goes_on(swap: ModuleSwap, unit: Unit, called: set[str]) -> bool:
    """Say whether all that a statement calls is a generator function or coroutine, whose frame takes the edit itself.

    ``ids = numbers()``: where it stands is state, and made anew it would begin at one again.
    """
    value = unit.value if unit.kind == "assign" else None
    if not isinstance(value, ast.Call) or called != {dotted(value.func)}:
        return False
    return all(type(swap.names.get(name)) in SUSPENDED for name in unit.scan.binds)


def _called_in(defaults: Mapping[str, ast.expr]) -> set[str]:
    """Give the functions that ``def f(limit=default_limit())`` calls when it is made."""
    calls = (n for value in defaults.values() for n in ast.walk(value) if isinstance(n, ast.Call))
    return {dotted(call.func) for call in calls}


def _called_decorators(unit: Unit) -> list[str]:
    """Give ``logged`` of ``@logged("x")``: what it returns decorates."""
    return [dotted(d.func) for d in unit.definition.decorator_list if isinstance(d, ast.Call)]


def _calls_a_call(unit: Unit) -> bool:
    """``fast = memo(10)(slow)``."""
    return isinstance(unit.value, ast.Call) and isinstance(unit.value.func, ast.Call)


def _handed(rerun: Rerun, swap: ModuleSwap, handed: set[tuple[str, str]]) -> set[str]:
    """Give the changed functions that are handed to a call which may call them at once.

    A class that is given a function keeps it (`partial`, `Thread`, a server): the object made is state.
    """
    found = set()
    for callee, name in handed:
        if name not in swap.tainted:
            continue
        first, *rest = callee.split(".")
        function = swap.names.get(first, getattr(builtins, first, MISSING))
        if adapter_of(rerun, function) is not None:
            continue  # a framework keeps what it is given and calls it later
        if not issubclass(type(function), (ModuleType, type, FunctionType, BuiltinFunctionType)):
            if type(function).__module__ not in rerun.tracker.loaded:
                continue  # a list, a signal, a scheduler: they keep it, too
        for part in rest:
            if not issubclass(type(function), (ModuleType, type)):
                break
            function = function.__dict__.get(part, MISSING)
        if issubclass(type(function), type) and function not in CALLING:
            continue
        if type(function) is FunctionType and (
            _keeps(rerun, function) or not _may_call(rerun, function)
        ):
            continue
        found.add(name)
    return found


def _may_call(rerun: Rerun, function: FunctionType, depth: int = 0) -> bool:
    """Say whether a function may call, before it returns, what it is given: ``create_bus(handler)`` keeps it.

    Nested functions run later; a class that is given a function keeps it. What a library does is not known.
    """
    entry = rerun.tracker.loaded.get(function.__module__)
    if entry is None or depth > 3 or "." in function.__qualname__:
        return True
    swap = rerun.swaps.get(entry.name)
    text = swap.text if swap is not None else rerun.dependents.text(entry)
    nodes = [u.node for u in text.units if u.kind == "def" and u.name == function.__name__]
    if not nodes:
        return True
    for called, handed in calls_of_given(nodes[-1]):
        if not handed:
            return True
        callee = entry.names.get(called, getattr(builtins, called, MISSING))
        if type(callee) is FunctionType:
            if not _keeps(rerun, callee) and _may_call(rerun, callee, depth + 1):
                return True
        elif callee in CALLING or type(callee) is BuiltinFunctionType:
            return True
    return False


def _keeps(rerun: Rerun, function: FunctionType) -> bool:
    """Say whether a library's function keeps the functions it is given for later: ``Depends(f)``, ``field(..)``."""
    package = str(function.__module__).partition(".")[0]
    frameworks = {adapter.module.partition(".")[0] for adapter in rerun.refill.active}
    return package in KEEPING or package in frameworks


def _class_methods(rerun: Rerun, swap: ModuleSwap, name: str) -> tuple[Any, set[str]]:
    """Give the class that a name is, or is an instance of, and its methods whose bytecode changed."""
    value = swap.names.get(name, MISSING)
    if value is MISSING:
        return None, set()
    cls = value if isinstance(value, type) else type(value)
    found: set[str] = set()
    for base in mro(cls):
        other = rerun.swaps.get(base.__module__) if isinstance(base.__module__, str) else None
        if other is not None:
            found |= {m for c, m in other.methods if c == base.__qualname__}
    return cls, found


def _method_called(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    unit, scan = step.unit, step.unit.scan
    if not any(s.methods for s in rerun.swaps.values()):
        return None
    for name, method in scan.methods:
        value = swap.names.get(name, MISSING)
        cls, changed = _class_methods(rerun, swap, name)
        if cls is None or method not in changed:
            continue
        if unit.kind == "def" and name not in scan.decorators:
            continue
        if unit.kind == "expr":
            return call_again(rerun, swap, step, f"{name}.{method}")
        bound = [swap.names.get(b) for b in unit.binds]
        if isinstance(value, type) and any(type(v) is value for v in bound):
            return None  # an instance is state, however it was made
        return Why(Kind.CALLS, f"{name}.{method}")
    method = _special_called(rerun, swap, unit)
    if method:
        return Why(Kind.CALLS, method)
    through = _looked_through(rerun, swap, unit)
    if through:
        return Why(Kind.CALLS, through)
    read = _property_read(rerun, swap, scan.chains)
    if read:
        if unit.kind == "expr":
            return call_again(rerun, swap, step, read)
        return Why(Kind.READS, read)
    if unit.kind in ("def", "class"):
        for name in scan.decorators:
            cls, changed = _class_methods(rerun, swap, name)
            if cls is not None and changed & {"__init__", "__call__", "__new__", "__get__"}:
                return Why(Kind.DECORATED, name)
    if unit.kind == "class" and isinstance(unit.node, ast.ClassDef):
        return _base_hooks(rerun, swap, unit.node)
    return None


def _special_called(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> str:
    """Give ``Money.__add__`` where ``TOTAL = price + tax`` calls a special method with a new body.

    An instance that a statement makes and binds is state: for its sake the statement does not run again.
    """
    if unit.kind not in ("assign", "for", "with", "if", "try") or not unit.binds or unit.scan.hard:
        return ""
    changed = {
        (other.name, cls, method)
        for other in rerun.swaps.values()
        for cls, method in other.methods
        if method.startswith("__") and method not in MAKING
    }
    if not changed:
        return ""
    for name, called in sorted(special.called_by(unit.node).items()):
        hit = {one for one in changed if one[2] in called}
        for kind in _kinds(swap.names.get(name, MISSING)) if hit else ():
            if any(type(swap.names.get(bound)) is kind for bound in unit.binds):
                continue
            for base in mro(kind):
                for module, cls, method in hit:
                    if (base.__module__, base.__qualname__) == (module, cls):
                        return f"{cls}.{method}"
    return ""


def _kinds(value: Any) -> set[type]:
    """Give the classes whose instances a name stands for, holds, or makes when it is called."""
    kinds: set[type] = set()
    if issubclass(type(value), type):
        kinds.add(value)
    elif type(value) in (list, tuple, set, frozenset):
        kinds |= {type(one) for one in list(value)[:ASKED]}
    elif type(value) is dict:
        kinds |= {type(one) for one in list(value.values())[:ASKED]}
    kinds.add(type(value))
    return kinds


def _looked_through(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> str:
    """Give ``PRODUCTS`` where ``[p.price() for p in PRODUCTS]`` asks a method, or a property, with a new body."""
    if unit.kind != "assign" or not unit.scan.comprehends:
        return ""
    spelled = {part.attr for part in ast.walk(unit.node) if isinstance(part, ast.Attribute)}
    changed = {
        (other.name, cls, method)
        for other in rerun.swaps.values()
        for cls, method in other.methods
        if method in spelled
    }
    if not changed:
        return ""
    for name in sorted(unit.scan.reads):
        value = swap.names.get(name)
        for kind in _kinds(value):
            for base in type.__dict__["__mro__"].__get__(kind):
                if any((base.__module__, base.__qualname__, m) in changed for m in spelled):
                    return name
    return ""


def _property_read(rerun: Rerun, swap: ModuleSwap, chains: Iterable[tuple[str, ...]]) -> str:
    """Give ``settings.title`` of the first chain that reads a property with a new body."""
    for chain in chains:
        value = swap.names.get(chain[0], MISSING)
        at = 1
        if type(value) is ModuleType and len(chain) > 2:
            value, at = value.__dict__.get(chain[1], MISSING), 2
        if value is MISSING or len(chain) <= at or isinstance(value, (type, ModuleType)):
            continue
        for base in mro(type(value)):
            held = class_dict(base).get(chain[at], MISSING)
            if held is MISSING:
                continue
            other = rerun.swaps.get(base.__module__)
            if (
                other is not None
                and type(held) in (property, functools.cached_property)
                and (base.__qualname__, chain[at]) in other.methods
            ):
                return ".".join(chain[: at + 1])
            break
    return ""


def _base_hooks(rerun: Rerun, swap: ModuleSwap, node: ast.ClassDef) -> Why | None:
    value = swap.names.get(node.name)
    if not isinstance(value, type):
        return None
    metaclass: type = type(value)
    for base in [*value.__mro__[1:], *metaclass.__mro__]:
        other = rerun.swaps.get(base.__module__)
        if other is None:
            continue
        hooks = (
            {"__init_subclass__"}
            if base in value.__mro__
            else {"__new__", "__init__", "__prepare__", "__call__"}
        )
        changed = {m for c, m in other.methods if c == base.__qualname__} & hooks
        if changed:
            return Why(Kind.CHANGED, f"{base.__qualname__}.{min(changed)}")
    for held in class_dict(value).values():
        for base in type(held).__mro__[:-1]:
            other = rerun.swaps.get(base.__module__)
            if other is not None and (base.__qualname__, "__set_name__") in other.methods:
                return Why(Kind.CHANGED, f"{base.__qualname__}.__set_name__")
    return None

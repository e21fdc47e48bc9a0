"""Which objects a statement fills, and which statement makes them: lists, instances, frameworks' registries."""

from __future__ import annotations

import ast
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from hotswap.live import adapters, registries
from hotswap.live.gathered import Held
from hotswap.live.journal import MISSING
from hotswap.live.looking import VALUES, class_dict, instance_dict, module_of, mro
from hotswap.live.rerun.joining import follow
from hotswap.live.rerun.repeatable import asks
from hotswap.source.graph import resolve
from hotswap.source.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.live.adapters.base import Adapter
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def adapter_of(rerun: Rerun, value: Any) -> Adapter | None:
    """Give the adapter that owns a value."""
    kind = type(value)
    if kind not in rerun.refill.owners:
        rerun.refill.owners[kind] = adapters.owner(value, rerun.refill.active)
    return rerun.refill.owners[kind]


def home_of(rerun: Rerun, swap: ModuleSwap, local: str) -> Key:
    """Give the home of a local name."""
    edge = swap.edges.get(local)
    if edge is not None and edge.name is not None and edge.module in rerun.tracker.loaded:
        return (edge.module, edge.name)
    return (swap.name, local)


def value_at(rerun: Rerun, key: Key) -> Any:
    """Give the live value at a home."""
    entry = rerun.tracker.loaded.get(key[0])
    return entry.names.get(key[1], MISSING) if entry is not None else MISSING


def targets(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> set[Key]:
    """Give the objects that a statement fills."""
    scan = unit.scan
    names = set(scan.hard) | {name for name, _ in scan.assigns}
    roots: set[str] = set()
    if unit.kind == "def":
        for node in unit.definition.decorator_list:
            function = node.func if isinstance(node, ast.Call) else node
            if isinstance(function, ast.Attribute) and unit.impure_decorators:
                roots |= {r for r in scan.decorators if r in scan.mutates}
        names |= roots
        called = scan.decorators
    elif unit.kind == "class":
        names |= scan.decorators & scan.mutates | scan.registering
        called = scan.decorators
    else:
        hosts = [n for n in names if adapter_of(rerun, swap.names.get(n)) is not None]
        if not hosts:
            names |= {
                n
                for n in scan.mutates
                if not issubclass(type(swap.names.get(n)), (type, FunctionType, ModuleType))
            }
        called = scan.calls
    found: set[Key] = set()
    for name in names:
        if type(swap.names.get(name)) is ModuleType:
            for chain in scan.chains:  # hub.REG["a"] = 1
                resolved = resolve(chain[:2], swap.edges, rerun.tracker.loaded.__contains__)
                if chain[0] == name and len(chain) > 1 and resolved is not None:
                    found.add(resolved)
        elif name in scan.hard or type(swap.names.get(name)) not in VALUES:
            found.add(home_of(rerun, swap, name))
    for name in called:
        value = swap.names.get(name)
        if type(value) is FunctionType:
            found |= effects_of(rerun, value)
        elif unit.kind == "def" and type(value) is MethodType:  # route = app.route; @route("/")
            held = value.__self__
            found |= {(swap.name, n) for n, v in list(swap.names.items()) if v is held}
    for chain in scan.called_chains if rerun.tracker.loaded else ():
        resolved = resolve(chain, swap.edges, rerun.tracker.loaded.__contains__)
        value = value_at(rerun, resolved) if resolved is not None else None
        if type(value) is FunctionType:
            found |= effects_of(rerun, value)
    return {k for k in found if not isinstance(value_at(rerun, k), ModuleType)}


def effects_of(rerun: Rerun, function: FunctionType, depth: int = 0) -> set[Key]:
    """Give the module-level objects that calling one of our functions mutates."""
    if id(function) in rerun.refill.effects:
        return rerun.refill.effects[id(function)]
    found: set[Key] = set()
    rerun.refill.effects[id(function)] = found
    entry = rerun.tracker.loaded.get(function.__module__)
    if entry is None or depth > 3 or "." in function.__qualname__:
        return found
    swap = rerun.swaps.get(entry.name)
    text = swap.text if swap is not None else rerun.dependents.text(entry)
    for unit in text.units:
        if unit.kind == "def" and unit.name == function.__name__:
            effects = unit.body_effects
            found |= {(entry.name, n) for n in effects.mutates if n in entry.names}
            for name, method in effects.methods:
                if _changed_by(rerun, type(entry.names.get(name)), method):
                    found.add((entry.name, name))
            for name in effects.calls:
                inner = entry.names.get(name)
                if type(inner) is FunctionType:
                    found |= effects_of(rerun, inner, depth + 1)
    return found


def _changed_by(rerun: Rerun, cls: type, method: str, depth: int = 0) -> bool:
    """Say whether a method of a class of ours changes its instance: ``bus.on(name, f)``."""
    owner = next((each for each in mro(cls) if method in class_dict(each)), None)
    entry = rerun.tracker.loaded.get(owner.__module__) if owner is not None else None
    if owner is None or entry is None or depth > 3:
        return False
    swap = rerun.swaps.get(entry.name)
    text = swap.text if swap is not None else rerun.dependents.text(entry)
    for unit in text.units:
        if unit.kind == "class" and unit.name == owner.__qualname__:
            for member in unit.members:
                if member.kind == "def" and member.name == method:
                    effects = member.body_effects
                    return effects.changes_first or any(
                        _changed_by(rerun, cls, other, depth + 1)
                        for other in effects.calls_on_first
                    )
    return False


def itself_in(rerun: Rerun, key: Key, definition: Any) -> bool:
    """Say whether what a decorator put into a container is the definition itself, or a tuple that holds it.

    So it is told from all else in there: a name, a docstring, ``{"run": f, "help": f.__doc__}`` is not. What held
    nothing when the import was over is filled by calls of the decorated functions, if at all (a counter), and counts
    as if it held the definition.
    """
    value = value_at(rerun, key)
    if not issubclass(type(value), registries.CONTAINERS):
        return True
    entry = rerun.tracker.loaded[key[0]]
    built = entry.built.get(key[1])
    if type(built) is Held and built.items is not None and not built.items:
        return True
    parts = list(value)
    if issubclass(type(value), dict):
        parts += dict.values(value)
    return any(
        part is definition or (type(part) is tuple and any(one is definition for one in part))
        for part in parts
    )


def fills_registry(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> bool:
    """Say whether a statement fills a framework's registry."""
    return any(
        adapter_of(rerun, value_at(rerun, k)) is not None for k in targets(rerun, swap, unit)
    )


def maker_of(rerun: Rerun, key: Key) -> Step | None:
    """Give the one statement that makes the object, when there is such a one."""
    swap = rerun.swaps.get(key[0])
    if swap is None:
        return None
    binders = [s for s in swap.binders(key[1]) if key[1] not in s.unit.scan.hard]
    if len(binders) != 1:
        return None
    unit = binders[0].unit
    if unit.kind == "assign" and unit.creates and len(unit.binds) == 1:
        return binders[0]
    if unit.kind in ("def", "class"):
        return binders[0]
    return None


def rebuildable(rerun: Rerun, key: Key) -> bool:
    """Say whether the object can be made and filled anew."""
    entry = rerun.tracker.loaded.get(key[0])
    value = value_at(rerun, key)
    if entry is None or value is MISSING or issubclass(type(value), ModuleType):
        return False
    if key[0] not in rerun.swaps:
        if rerun.pinned(key[0]):
            return False
        follow(rerun, entry)
    step = maker_of(rerun, key)
    if step is None or step.unit.scan.irrevocable or asks(step.unit):
        return False
    if _equips(rerun, entry.names, step.unit):
        return False
    if step.unit.kind == "def":
        return type(value) is FunctionType
    if step.unit.kind == "class":
        return issubclass(type(value), type)
    if issubclass(type(value), type):
        return False
    if issubclass(type(value), registries.CONTAINERS):
        return True
    return adapter_of(rerun, value) is not None or instance_dict(value) is not None


def _equips(rerun: Rerun, names: Mapping[str, Any], unit: Unit) -> bool:
    """Say whether a library's object is made for a framework's app, and equips it: ``socketio = SocketIO(app)``."""
    if not isinstance(unit.value, ast.Call):
        return False
    maker = names.get(dotted(unit.value.func).partition(".")[0])
    module = module_of(maker)
    if maker is None or module in rerun.tracker.loaded:
        return False
    for node in (*unit.value.args, *(keyword.value for keyword in unit.value.keywords)):
        adapter = adapter_of(rerun, names.get(node.id)) if isinstance(node, ast.Name) else None
        if adapter is not None and adapter.module.partition(".")[0] != module.partition(".")[0]:
            return True
    return False


def asked_for(rerun: Rerun, key: Key) -> bool:
    """Say whether the object was there before its statement asked for it, and is the same when that runs again."""
    step = maker_of(rerun, key)
    return step is not None and asks(step.unit)


def only_state(rerun: Rerun, unit: Unit, key: Key) -> bool:
    """Say whether all that a statement does to a registry is to set what its adapter takes for state."""
    adapter = adapter_of(rerun, value_at(rerun, key))
    if adapter is None:
        return False
    found = {a.split(".")[0] for n, a in unit.scan.assigns if n == key[1]}
    chains = {c[1] for c in unit.scan.chains if c[0] == key[1] and len(c) > 1}
    return bool(chains) and chains <= set(adapter.state) and not (found - {""} - set(adapter.state))


def sets_anew(step: Step) -> bool:
    """``D["k"] = v`` or ``X.a = v`` with another value: the target is set again, nothing has to go."""
    old, new = step.old, step.unit
    if old is None or not isinstance(old.node, ast.Assign) or not isinstance(new.node, ast.Assign):
        return False
    if any(isinstance(part, ast.Slice) for target in new.node.targets for part in ast.walk(target)):
        return False  # L[1:3] = [9]: another number of elements may stand there by now
    return [ast.dump(t) for t in old.node.targets] == [
        ast.dump(t) for t in new.node.targets
    ] and not new.binds

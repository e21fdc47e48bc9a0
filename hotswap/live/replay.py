"""Objects that several statements fill: lists, dicts, sets, instances, frameworks' registries.

When a statement that fills one is changed, removed or must run again, the object is filled anew, in file order, by all
its fillers: first on the side, so that no thread sees it half empty; then its content goes into the old object, which
keeps its identity. A framework's registry is filled by its adapter's rules (live/adapters/base.py).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live import adapters, factories, registries
from hotswap.live.adapters.base import Adapter, Ran, Refused
from hotswap.live.journal import MISSING
from hotswap.source.graph import resolve
from hotswap.source.model import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.live.rerun import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit

PLAIN: Final = (int, str, bytes, float, bool, tuple, frozenset, type(None))
Key = tuple[str, str]
"""(module, name) of an object."""

REPEATABLE: Final = (
    "set", "config", "update", "seterr", "simplefilter", "filterwarnings", "disable", "enable", "register_adapter",
    "register_converter", "addLevelName", "captureWarnings", "info", "debug", "warning", "write", "flush", "rebuild",
    "model_rebuild", "update_forward_refs", "discard", "cache_clear", "setdefault", "getLogger", "clear", "mkdir",
)  # fmt: skip
"""Beginnings of method names that do no harm when called again on an object that cannot be made anew."""


@dataclass(slots=True)
class Side:
    """An object being filled anew on the side."""

    old: Any
    new: Any
    state: dict[str, Any]
    """The new instance's attributes right after its binder ran, containers copied."""
    edited: bool


@dataclass(slots=True)
class Registry:
    """A framework's registry that this swap touches."""

    adapter: Adapter
    obj: Any
    key: Key
    token: Any
    in_place: bool = False
    replayed: bool = False
    ran: dict[str, set[str]] = field(default_factory=dict)
    removed: dict[str, set[str]] = field(default_factory=dict)


class Replay:
    """Fills objects anew within one swap."""

    def __init__(self, rerun: Rerun, sources: Mapping[str, tuple[bytes, bytes]]) -> None:
        self.rerun = rerun
        self.sources = sources
        self.due: set[Key] = set()
        self.copied: set[Key] = set()
        """Registries whose entries were copied by those that include them."""
        self.sides: dict[Key, Side] = {}
        self.touched: dict[int, Registry] = {}
        self.active: list[Adapter] = list(adapters.active())
        self._owners: dict[type, Adapter | None] = {}
        self._effects: dict[int, set[Key]] = {}
        self.replaced: Mapping[CodeType, CodeType] = {}
        modules = {e.path: e.module for e in rerun.tracker.loaded.values()}
        known = {e.path: e.data for e in rerun.tracker.loaded.values()}
        self.factories = factories.Factories(sources, modules, rerun.dirty, known.get)

    # -- facts -----------------------------------------------------------------------------------------------------
    def adapter_of(self, value: Any) -> Adapter | None:
        """Give the adapter that owns a value."""
        kind = type(value)
        if kind not in self._owners:
            self._owners[kind] = adapters.owner(value, self.active)
        return self._owners[kind]

    def key(self, swap: ModuleSwap, local: str) -> Key:
        """Give the home of a local name."""
        edge = swap.edges.get(local)
        if edge is not None and edge.name is not None and edge.module in self.rerun.tracker.loaded:
            return (edge.module, edge.name)
        return (swap.name, local)

    def value(self, key: Key) -> Any:
        """Give the live value at a home."""
        entry = self.rerun.tracker.loaded.get(key[0])
        return entry.names.get(key[1], MISSING) if entry is not None else MISSING

    def targets(self, swap: ModuleSwap, unit: Unit) -> set[Key]:
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
            names |= scan.decorators & scan.mutates
            called = scan.decorators
        else:
            hosts = [n for n in names if self.adapter_of(swap.names.get(n)) is not None]
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
                    resolved = resolve(
                        chain[:2], swap.edges, self.rerun.tracker.loaded.__contains__
                    )
                    if chain[0] == name and len(chain) > 1 and resolved is not None:
                        found.add(resolved)
            elif name in scan.hard or type(swap.names.get(name)) not in PLAIN:
                found.add(self.key(swap, name))
        for name in called:
            value = swap.names.get(name)
            if type(value) is FunctionType:
                found |= self.function_effects(value)
        for chain in scan.called_chains if self.rerun.tracker.loaded else ():
            resolved = resolve(chain, swap.edges, self.rerun.tracker.loaded.__contains__)
            value = self.value(resolved) if resolved is not None else None
            if type(value) is FunctionType:
                found |= self.function_effects(value)
        return {k for k in found if not isinstance(self.value(k), ModuleType)}

    def function_effects(self, function: FunctionType, depth: int = 0) -> set[Key]:
        """Give the module-level objects that calling one of our functions mutates."""
        if id(function) in self._effects:
            return self._effects[id(function)]
        found: set[Key] = set()
        self._effects[id(function)] = found
        entry = self.rerun.tracker.loaded.get(function.__module__)
        if entry is None or depth > 3 or "." in function.__qualname__:
            return found
        swap = self.rerun.swaps.get(entry.name)
        text = swap.text if swap is not None else self.rerun.dependents.text(entry)
        for unit in text.units:
            if unit.kind == "def" and unit.name == function.__name__:
                effects = unit.body_effects
                found |= {(entry.name, n) for n in effects.mutates if n in entry.names}
                for name in effects.calls:
                    inner = entry.names.get(name)
                    if type(inner) is FunctionType:
                        found |= self.function_effects(inner, depth + 1)
        return found

    def fills(self, swap: ModuleSwap, unit: Unit) -> bool:
        """Say whether a statement fills a framework's registry."""
        return any(self.adapter_of(self.value(k)) is not None for k in self.targets(swap, unit))

    def binder(self, key: Key) -> Step | None:
        """Give the one statement that makes the object, when there is such a one."""
        swap = self.rerun.swaps.get(key[0])
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

    def rebuildable(self, key: Key) -> bool:
        """Say whether the object can be made and filled anew."""
        entry = self.rerun.tracker.loaded.get(key[0])
        value = self.value(key)
        if entry is None or value is MISSING or issubclass(type(value), ModuleType):
            return False
        if key[0] not in self.rerun.swaps:
            if self.rerun.pinned(key[0]):
                return False
            self.rerun._follow(entry)
        step = self.binder(key)
        if step is None or step.unit.scan.irrevocable:
            return False
        if step.unit.kind == "def":
            return type(value) is FunctionType
        if step.unit.kind == "class":
            return issubclass(type(value), type)
        if issubclass(type(value), type):
            return False
        if issubclass(type(value), registries.CONTAINERS):
            return True
        return self.adapter_of(value) is not None or registries.instance_dict(value) is not None

    # -- scheduling ------------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Before anything runs: see which objects the edits force to be filled anew."""
        for swap in list(self.rerun.swaps.values()):
            if swap.plan is None:
                continue
            for unit in swap.plan.removed:
                self.gone(swap, unit)
            for index, step in enumerate(swap.steps):
                if step.is_guard or step.unit.kind in ("import", "docstring"):
                    continue
                if step.verdict == "run":
                    self._edited(swap, step, index)
                elif step.moved and step.verdict in ("keep", "code"):
                    self._moved(swap, step)
        if self.active:
            self.made_by_calls()
        seen: set[Key] = set()
        while self.copied - seen:
            key = min(self.copied - seen)
            seen.add(key)
            self._include_again(key)

    def _include_again(self, key: Key) -> None:
        """``app.register_blueprint(bp)`` copied what `bp` held: whoever includes it is filled anew."""
        for module in self._importers(key):
            self._join(module)
        for swap in list(self.rerun.swaps.values()):
            for step in swap.steps:
                if step.is_guard or step.unit.kind in ("import", "docstring", "def", "class"):
                    continue
                for callee, name in step.unit.scan.handed:
                    host = callee.partition(".")[0]
                    if self.key(swap, name) == key and host != name:
                        home = self.key(swap, host)
                        if self.adapter_of(self.value(home)) is not None:
                            self.schedule(home)

    def _constructed(self, names: Mapping[str, Any], unit: Unit, value: Any) -> bool:
        """Say whether a registry was made by calling its own class."""
        if self.adapter_of(value) is None or not isinstance(unit.value, ast.Call):
            return False
        function: Any = unit.value.func
        first = names.get(function.id) if isinstance(function, ast.Name) else None
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            holder = names.get(function.value.id)
            first = holder.__dict__.get(function.attr) if type(holder) is ModuleType else None
        return first is type(value)

    def made_by_calls(self) -> None:
        """Apps made by a call whose making code changed: the statement that called it runs again, wherever it is."""
        tracked = self.rerun.tracker.loaded
        for entry in list(tracked.values()):
            for name, value in list(entry.names.items()):
                if self.adapter_of(value) is None and type(value).__module__ not in tracked:
                    continue
                if not self.factories.holds(value) or self.rerun.pinned(entry.name):
                    continue
                known = self.rerun.swaps.get(entry.name)
                text = known.text if known is not None else self.rerun.dependents.text(entry)
                for unit in text.units:
                    if unit.kind != "assign" or name not in unit.scan.binds or unit.value is None:
                        continue
                    if self._constructed(entry.names, unit, value):
                        continue
                    why = self.factories.due(entry.module, name, unit.node)
                    if not why:
                        continue
                    swap = known if known is not None else self.rerun._follow(entry)
                    for step in swap.steps:
                        if (
                            not step.is_guard
                            and step.unit.line == unit.line
                            and step.verdict == "keep"
                        ):
                            swap.forced[id(step.unit)] = why

    def opened(self, swap: ModuleSwap) -> None:
        """A module that only follows has joined."""

    def late(self, swap: ModuleSwap) -> None:
        """A module's turn begins: objects of other modules that it fills may have become due meanwhile."""

    def refuse(self, replaced: Mapping[CodeType, CodeType]) -> None:
        """Ask every live registry whether it can take the new bodies, before anything is changed.

        Raises:
            Refused: An adapter says that only a fresh process can.
        """
        self.replaced = replaced
        if not self.active:
            return
        for registry, adapter in self.registries():
            reason = adapter.refusal(registry, replaced)
            if reason:
                raise Refused(reason)

    def registries(self) -> Iterable[tuple[Any, Adapter]]:
        """Give every registry that a tracked module holds, or that was registered by the session."""
        seen: set[int] = set()
        values = [v for e in self.rerun.tracker.loaded.values() for v in list(e.names.values())]
        values += [r.app for r in factories.registrations]
        for value in values:
            adapter = self.adapter_of(value)
            if adapter is not None and id(value) not in seen:
                seen.add(id(value))
                yield value, adapter

    def removed(self, swap: ModuleSwap, unit: Unit) -> None:
        """A statement is gone (its names have been deleted)."""
        for name, attribute in unit.scan.assigns:
            self._attribute_gone(swap, unit, name, attribute)

    def gone(self, swap: ModuleSwap, unit: Unit) -> None:
        if unit.kind in ("import", "docstring"):
            return
        keys = self.targets(swap, unit)
        for key in keys:
            value = self.value(key)
            if self.adapter_of(value) is not None:
                if unit.kind == "def":
                    self._touch(key, swap, removed=unit)
                elif not self._only_state(swap, unit, key):
                    self.schedule(key)
            elif (
                unit.kind in ("def", "class", "assign")
                and unit.kind != "assign"
                and type(value) is not FunctionType
            ):
                if not issubclass(type(value), registries.CONTAINERS) and self.rebuildable(key):
                    self.schedule(key)
            elif unit.kind == "def" and key[1] in unit.scan.decorators and self.rebuildable(key):
                self.schedule(key)
            elif unit.scan.hard or unit.kind in ("expr", "for", "with", "other", "assign"):
                if (key[1], "") in unit.scan.assigns or any(
                    n == key[1] and a for n, a in unit.scan.assigns
                ):
                    if not issubclass(type(value), registries.CONTAINERS):
                        continue
                if self.rebuildable(key):
                    self.schedule(key)
                elif key == (swap.name, key[1]) and key[1] in unit.scan.binds:
                    continue  # x += 1: the name is bound anew as a chain
                elif unit.kind != "assign" and not self._replaced(swap, unit):
                    self._cannot(swap, unit, key, removed=True)
        if not keys and unit.kind == "expr" and not self._replaced(swap, unit):
            self._unknown(swap, unit)

    def _replaced(self, swap: ModuleSwap, unit: Unit) -> bool:  # noqa: ARG002 - as its siblings
        """A changed call shows as one gone and one new: say whether the new one overwrites what the old one did."""
        methods = {m for _, m in unit.scan.methods}
        return bool(methods) and all(m.startswith(REPEATABLE) for m in methods)

    def _cannot(self, swap: ModuleSwap, unit: Unit, key: Key, *, removed: bool) -> None:
        value = self.value(key)
        if isinstance(value, type) or type(value) is FunctionType or value is MISSING:
            return
        if all(m.startswith(REPEATABLE) for _, m in unit.scan.methods) and not removed:
            return
        raise Refused(
            f"line {unit.line} of {swap.name} was {'removed' if removed else 'changed'}: "
            f"what it did to {key[1]} cannot be undone"
        )

    def _unknown(self, swap: ModuleSwap, unit: Unit) -> None:
        value = unit.node.value if isinstance(unit.node, ast.Expr) else None
        if not isinstance(value, ast.Call):
            return
        from hotswap.source.effects import dotted

        name = dotted(value.func)
        if name in ("print", "len", "repr", "isinstance") or name.rpartition(".")[2].startswith(
            REPEATABLE
        ):
            return
        function = swap.names.get(name)
        if type(function) is FunctionType and function.__module__ in self.rerun.tracker.loaded:
            return
        raise Refused(
            f"line {unit.line} of {swap.name} was changed or removed: what {name or 'it'}() did cannot be undone"
        )

    def _edited(self, swap: ModuleSwap, step: Step, index: int) -> None:
        unit = step.unit
        if unit.kind in ("def", "class") and step.old is not None:
            before = step.old.head[1] if unit.kind == "def" else step.old.class_head[0]
            after = unit.head[1] if unit.kind == "def" else unit.class_head[0]
            keys = self.targets(swap, unit) | self.targets(swap, step.old)
            for key in keys:
                if self.adapter_of(self.value(key)) is not None:
                    self._touch(
                        key,
                        swap,
                        ran=unit,
                        removed=step.old if key not in self.targets(swap, unit) else None,
                    )
                elif before != after and self.rebuildable(key):
                    self.schedule(key)
            return
        keys = self.targets(swap, unit)
        for name in unit.binds:
            value = swap.names.get(name, MISSING)
            if (
                self.adapter_of(value) is not None
                and name not in unit.scan.hard
                and unit.kind == "assign"
            ):
                self.schedule((swap.name, name))
        for key in keys:
            value = self.value(key)
            if self.adapter_of(value) is not None:
                if unit.kind == "def":
                    self._touch(key, swap, ran=unit)
                elif not self._only_state(swap, unit, key):
                    self.schedule(key)
            elif step.situation == "new":
                if (
                    unit.kind not in ("def", "class")
                    and self._filled_later(swap, key, index)
                    and self.rebuildable(key)
                ):
                    if not (
                        unit.scan.assigns and not issubclass(type(value), registries.CONTAINERS)
                    ):
                        self.schedule(key)
            elif self._simple_set(step):
                continue
            elif self.rebuildable(key):
                self.schedule(key)
            elif key[0] == swap.name and key[1] in unit.scan.binds:
                continue
            elif unit.kind != "assign":
                self._cannot(swap, unit, key, removed=False)

    def _only_state(self, swap: ModuleSwap, unit: Unit, key: Key) -> bool:  # noqa: ARG002 - as its siblings
        adapter = self.adapter_of(self.value(key))
        if adapter is None:
            return False
        found = {a.split(".")[0] for n, a in unit.scan.assigns if n == key[1]}
        chains = {c[1] for c in unit.scan.chains if c[0] == key[1] and len(c) > 1}
        return (
            bool(chains)
            and chains <= set(adapter.state)
            and not (found - {""} - set(adapter.state))
        )

    def _simple_set(self, step: Step) -> bool:
        """``D["k"] = v`` or ``X.a = v`` with another value: the target is set again, nothing has to go."""
        old, new = step.old, step.unit
        if (
            old is None
            or not isinstance(old.node, ast.Assign)
            or not isinstance(new.node, ast.Assign)
        ):
            return False
        return [ast.dump(t) for t in old.node.targets] == [
            ast.dump(t) for t in new.node.targets
        ] and not new.binds

    def _filled_later(self, swap: ModuleSwap, key: Key, index: int) -> bool:
        return any(
            key in self.targets(swap, s.unit) and s.verdict != "run"
            for s in swap.steps[index + 1 :]
            if not s.is_guard and s.unit.kind not in ("import", "docstring")
        )

    def _moved(self, swap: ModuleSwap, step: Step) -> None:
        for key in self.targets(swap, step.unit):
            value = self.value(key)
            if self.adapter_of(value) is not None:
                if step.unit.kind == "def":
                    self._touch(key, swap)
                else:
                    self.schedule(key)
            elif step.unit.scan.hard and self.rebuildable(key):
                self.schedule(key)

    def schedule(self, key: Key) -> None:
        """Let an object be filled anew."""
        if key in self.due:
            return
        value = self.value(key)
        if self.adapter_of(value) is not None:
            registry = self._open_registry(key, value)
            registry.in_place, registry.replayed = False, True
            for module in self._importers(key):
                self._join(module)
        elif not self.rebuildable(key):
            return
        else:
            for module in self._importers(key):
                self._join(module)
        self.due.add(key)
        if issubclass(type(value), type):
            self._empty_class(key, value)
        owner = self.rerun.swaps.get(key[0])
        if owner is None:
            self._join(key[0])
            owner = self.rerun.swaps.get(key[0])
        if owner is not None:
            owner.rebuilt.add(key[1])
            if owner.started:
                self._catch_up(owner, key)

    def _empty_class(self, key: Key, cls: type) -> None:
        """A class whose attributes statements outside its body fill: those attributes are not kept."""
        place = (cls.__module__, cls.__qualname__)
        names: set[str] = set()
        for swap in list(self.rerun.swaps.values()):
            units = [s.unit for s in swap.steps if not s.is_guard] + (
                swap.plan.removed if swap.plan else []
            )
            for unit in units:
                if unit.kind not in ("import", "docstring") and key in self.targets(swap, unit):
                    names |= {c[1] for c in unit.scan.chains if len(c) > 1 and c[0] == key[1]}
                    if (key[1], "") in unit.scan.assigns and unit.kind in ("for", "expr", "with"):
                        self.rerun.graft.emptied.add(place)
        self.rerun.graft.refilled[place] = frozenset(names)

    def _join(self, module: str) -> None:
        entry = self.rerun.tracker.loaded.get(module)
        if entry is not None and module not in self.rerun.swaps and not self.rerun.pinned(module):
            self.rerun._follow(entry)

    def _importers(self, key: Key) -> list[str]:
        entry = self.rerun.tracker.loaded.get(key[0])
        if entry is None:
            return []
        found = self.rerun.dependents.of(entry, {key[1]}, rebinding=frozenset())
        return [e.name for e in found]

    def _catch_up(self, owner: ModuleSwap, key: Key) -> None:
        """The module has passed the object's binder already: run it now, and the fillers that were passed."""
        step = self.binder(key)
        if step is not None and id(step.unit) not in owner.ran:
            self.rerun.step(owner, step, f"{key[1]} is filled anew")

    def _attribute_gone(self, swap: ModuleSwap, unit: Unit, name: str, attribute: str) -> None:
        """``C.attr = value`` is gone: so is the attribute, where nobody else made it."""
        value = swap.names.get(name, MISSING)
        if not attribute or value is MISSING:
            return
        still = any((name, attribute) in s.unit.scan.assigns for s in swap.steps if not s.is_guard)
        if still:
            return
        if isinstance(value, type):
            definition = next(
                (s.unit for s in swap.steps if s.unit.kind == "class" and s.unit.name == name), None
            )
            in_body = definition is not None and any(
                attribute in m.binds for m in definition.members
            )
            if attribute in type.__dict__["__dict__"].__get__(value) and not in_body:
                self.rerun.journal.delattr(value, attribute)
        elif type(value) is FunctionType:
            if attribute in value.__dict__:
                self.rerun.journal.content(value.__dict__)
                del value.__dict__[attribute]
        elif isinstance(value, ModuleType):
            raise Refused(
                f"line {unit.line} of {swap.name} was removed: it set {name}.{attribute} in another module"
            )
        else:
            namespace = registries.instance_dict(value)
            if namespace is not None and attribute in namespace:
                self.rerun.journal.content(namespace)
                del namespace[attribute]

    # -- while statements run --------------------------------------------------------------------------------------
    def reason(self, swap: ModuleSwap, step: Step) -> str | None:
        """Say whether a statement runs because it makes or fills an object that is filled anew."""
        unit = step.unit
        if unit.kind in ("import", "docstring"):
            return None
        if unit.kind == "assign" and isinstance(unit.value, ast.Call | ast.Attribute):
            for name in unit.binds:
                if self._constructed(swap.names, unit, swap.names.get(name)):
                    continue  # ``app = FastAPI(lifespan=...)`` calls nothing of ours
                due = self.factories.due(swap.entry.module, name, unit.node)
                if due:
                    return due
        if not self.due and not self.touched:
            return None
        for name in unit.scan.binds:
            if (swap.name, name) in self.due and step is self.binder((swap.name, name)):
                return f"{name} is filled anew"
        for name, attribute in ((c[0], c[1]) for c in unit.scan.chains if len(c) > 1):
            registry = self.touched.get(id(swap.names.get(name))) if self.touched else None
            if (
                registry is not None
                and (name, attribute) not in unit.scan.methods
                and name not in unit.scan.mutates
            ):
                return f"reads {name}.{attribute}"
        for key in self.targets(swap, unit) & self.due:
            if not self._only_state(swap, unit, key):
                return f"fills {key[1]}"
        return None

    def called(self, swap: ModuleSwap, step: Step, what: str) -> str:
        """An expression statement calls a function that changed: it runs again only where its target is made anew."""
        unit = step.unit
        keys = [
            k
            for k in self.targets(swap, unit)
            if self.adapter_of(self.value(k)) is not None or self.rebuildable(k)
        ]
        if not keys or unit.scan.irrevocable:
            if unit.scan.irrevocable or not keys:
                self.rerun.notes.append(
                    f"{swap.name}, line {unit.line}: `{unit.segment.strip().splitlines()[0]}` "
                    f"was not run again although {what} changed"
                )
            return ""
        for key in keys:
            self.schedule(key)
        return f"calls {what}"

    def take_over(self, swap: ModuleSwap, step: Step, why: str) -> bool:
        """Run a statement that makes or fills an object that is filled anew; False when it is an ordinary one."""
        unit = step.unit
        for name in unit.scan.binds:
            key = (swap.name, name)
            old = swap.before.get(name, MISSING)
            adapter = self.adapter_of(old) if old is not MISSING else None
            if adapter is not None and adapter.fixed(old):
                raise Refused(adapter.fixed(old))
            if unit.kind in ("assign", "def") and old is not MISSING and self.factories.holds(old):
                if unit.kind == "def":
                    self._touched_by_def(swap, step)
                self._make_registry(swap, step, key, old, why)
                return True
            if step is self.binder(key) and unit.kind == "assign":
                if key in self.due or self._remakes(unit, old):
                    self._make_side(swap, step, key, old, why)
                    return True
        if unit.kind in ("import", "docstring", "class") or step.situation in ("new", "branch"):
            self._note_ran(swap, unit)
            return False
        if why.startswith(("reads", "calls", "edited", "its decorator")):
            for key in self.targets(swap, unit):
                if self.adapter_of(self.value(key)) is not None:
                    if unit.kind == "def":
                        self._touch(key, swap, ran=unit)
                    elif not self._only_state(swap, unit, key):
                        self.schedule(key)
                        self._earlier(swap, step, key)
                elif key not in self.due and unit.scan.hard and not self._simple_set(step):
                    if unit.kind == "assign" and not unit.binds and step.verdict == "keep":
                        continue
                    if self.rebuildable(key):
                        self.schedule(key)
                        self._earlier(swap, step, key)
        self._note_ran(swap, unit)
        return False

    def _earlier(self, swap: ModuleSwap, step: Step, key: Key) -> None:
        """Run the fillers before `step` that were passed before it was known that the object is filled anew."""
        owner = self.rerun.swaps.get(key[0])
        if owner is not None and owner is not swap:
            for other in owner.steps:
                if self._unfilled(owner, other, key):
                    self.rerun.step(owner, other, f"fills {key[1]}")
        for other in swap.steps[: swap.steps.index(step)]:
            if self._unfilled(swap, other, key):
                self.rerun.step(swap, other, f"fills {key[1]}")

    def _unfilled(self, owner: ModuleSwap, other: Step, key: Key) -> bool:
        return (
            not other.is_guard
            and id(other.unit) not in owner.ran
            and other.unit.kind not in ("import", "docstring")
            and any(
                not self._only_state(owner, other.unit, k)
                for k in self.targets(owner, other.unit)
                if k == key or k in self.due
            )
        )

    def _note_ran(self, swap: ModuleSwap, unit: Unit) -> None:
        if unit.kind in ("def", "class"):
            for key in self.targets(swap, unit):
                registry = self.touched.get(id(self.value(key)))
                if registry is not None:
                    registry.ran.setdefault(swap.name, set()).add(unit.name)

    def _touched_by_def(self, swap: ModuleSwap, step: Step) -> None:
        for key in self.targets(swap, step.unit):
            if self.adapter_of(self.value(key)) is not None and key[1] != step.unit.name:
                self._touch(key, swap, ran=step.unit)

    def _remakes(self, unit: Unit, old: Any) -> bool:
        """``x = Cls(...)`` runs again: what it makes goes into the old instance, so that those who hold it follow."""
        if old is MISSING or not isinstance(unit.value, ast.Call):
            return False
        kind = type(old)
        if issubclass(
            kind, (type, ModuleType, FunctionType, BaseException, *registries.CONTAINERS)
        ):
            return False
        if kind.__module__ not in self.rerun.tracker.loaded:
            return False
        return registries.instance_dict(old) is not None

    def _make_side(self, swap: ModuleSwap, step: Step, key: Key, old: Any, why: str) -> None:
        name = key[1]
        self.rerun.execute(swap, step, why)
        new = swap.names.get(name, MISSING)
        if new is MISSING or old is MISSING or new is old:
            return
        state = registries.instance_dict(new)
        copied = {k: registries.shallow(v) for k, v in (state or {}).items()}
        self.sides[key] = Side(old, new, copied, step.edited or "filled anew" not in why)
        for entry in self.rerun.tracker.loaded.values():
            for local, value in list(entry.names.items()):
                if value is old and entry.names is not swap.names:
                    self.rerun.journal.setitem(entry.names, local, new)

    def _make_registry(self, swap: ModuleSwap, step: Step, key: Key, old: Any, why: str) -> None:
        name = key[1]
        refused = (
            self.factories.refusal(swap.entry.module, name, step.unit.node)
            if step.unit.kind == "assign"
            else ""
        )
        if refused:
            raise Refused(refused)
        registry = self._open_registry(key, old) if self.adapter_of(old) is not None else None
        self.rerun.execute(swap, step, why)
        new = swap.names.get(name, MISSING)
        if new is MISSING or new is old or type(new) is not type(old):
            return
        token = registry.token if registry is not None else None
        kept = self.factories.adopt(old, new, self.rerun.journal, token)
        swap.names[name] = kept
        if kept is not new:
            self.rerun.graft.pair(new, kept)
        if kept is old:
            swap.dirty.discard(name)
        if registry is not None:
            registry.replayed = True
            self._copied(registry)
        if key not in self.due:
            self.due.add(key)
            for module in self._importers(key):
                self._join(module)

    # -- frameworks' registries ------------------------------------------------------------------------------------
    def _open_registry(self, key: Key, value: Any) -> Registry:
        registry = self.touched.get(id(value))
        if registry is None:
            adapter = self.adapter_of(value)
            assert adapter is not None
            fixed = adapter.fixed(value)
            if fixed:
                raise Refused(fixed)
            registry = Registry(adapter, value, key, adapter.checkpoint(value, self.rerun.journal))
            self.touched[id(value)] = registry
            self._copied(registry)
        return registry

    def _copied(self, registry: Registry) -> None:
        """Where including a registry copies its entries, the including statements have to run again."""
        if registry.adapter.copies(registry.obj):
            self.copied.add(registry.key)

    def _touch(
        self, key: Key, swap: ModuleSwap, *, ran: Unit | None = None, removed: Unit | None = None
    ) -> None:
        registry = self._open_registry(key, self.value(key))
        if ran is not None:
            registry.ran.setdefault(swap.name, set()).add(ran.name)
        if removed is not None:
            registry.removed.setdefault(swap.name, set()).add(removed.name)
        if registry.replayed:
            return
        ready = registry.adapter.in_place(registry.obj, registry.token, self._ran(registry, swap))
        if ready:
            registry.in_place = True
        else:
            self.schedule(key)

    def _ran(self, registry: Registry, swap: ModuleSwap) -> Ran:
        order = [
            s.unit.name if s.unit.kind == "def" else ""
            for s in swap.steps
            if not s.is_guard
            and s.unit.kind not in ("import", "docstring")
            and registry.key in self.targets(swap, s.unit)
            and not self._only_state(swap, s.unit, registry.key)
        ]
        return Ran(
            swap.entry.names.get("__name__", swap.name),
            frozenset(registry.ran.get(swap.name, ())),
            frozenset(registry.removed.get(swap.name, ())),
            order,
            registry.replayed,
        )

    def touched_by(self, swap: ModuleSwap) -> Iterable[Registry]:
        """Give the registries that a module's statements fill."""
        for registry in self.touched.values():
            if (
                swap.name in registry.ran
                or swap.name in registry.removed
                or registry.key[0] == swap.name
            ):
                yield registry

    def close(self) -> None:
        """Everything ran: put what was made on the side into the old objects, and let the adapters settle."""
        journal = self.rerun.journal
        for key, side in self.sides.items():
            swap = self.rerun.swaps[key[0]]
            new = swap.names.get(key[1], side.new)
            if self._adopt(side, new):
                for entry in self.rerun.tracker.loaded.values():
                    for local, value in list(entry.names.items()):
                        if value is new:
                            journal.setitem(entry.names, local, side.old)
                self.rerun.graft.pair(new, side.old)
                side.new = None
                swap.dirty.discard(key[1])
                self.rerun.changes.append(
                    Change(
                        "~",
                        swap.entry.path,
                        key[1],
                        "refilled",
                        because="its statements ran again, in place",
                    )
                )
        registries.redirect(self.rerun.graft, journal)
        for registry in list(self.touched.values()):
            for swap in list(self.rerun.swaps.values()):
                if (
                    swap.name in registry.ran
                    or swap.name in registry.removed
                    or registry.key[0] == swap.name
                ):
                    registry.adapter.settle(registry.obj, registry.token, self._ran(registry, swap))
        self.rerun.changes += self.factories.registered(journal)
        live: dict[int, tuple[Adapter, list[Any]]] = {}
        for value, adapter in self.registries() if self.active else ():
            live.setdefault(id(adapter), (adapter, []))[1].append(value)
        shaped = [c for c in self.rerun.graft.shaped if isinstance(c, type)]
        for adapter, values in live.values():
            if values:
                adapter.patched(values, self.replaced, journal)
        for adapter in self.active:
            if shaped:
                adapter.class_changed(shaped)

    def _adopt(self, side: Side, new: Any) -> bool:
        journal = self.rerun.journal
        if issubclass(type(side.old), registries.CONTAINERS):
            return registries.refill(side.old, new, journal)
        if type(side.old) is not type(new):
            return False
        ours, theirs = registries.instance_dict(side.old), registries.instance_dict(new)
        if ours is None or theirs is None:
            return False
        journal.content(ours)
        for name, value in list(theirs.items()):
            same = name in side.state and registries.alike(side.state[name], value)
            if side.edited or not same or name not in ours:
                ours[name] = value
        return True

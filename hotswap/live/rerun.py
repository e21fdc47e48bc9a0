"""Carries out the plans of one batch, statement by statement, in the real modules.

A statement runs when it was edited, or when something it reads, calls or fills changed on the way; equal values end
the chain. Whatever a statement makes is grafted on what was there (live/functions.py, live/classes.py), so held
references stay true. Order is that of imports: a module's statements run up to its first import of another module of
the swap, that one runs, and so on (engine.md section 13, rule 7).
"""

from __future__ import annotations

import ast
import builtins
import sys
import warnings
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from hotswap.live import registries
from hotswap.live.adapters.base import Refused
from hotswap.live.dependents import Dependents
from hotswap.live.functions import WRAPPERS, Graft, content
from hotswap.live.journal import MISSING
from hotswap.source import codes
from hotswap.source.graph import Edge, imports_of, resolve
from hotswap.source.model import Change
from hotswap.source.plan import ModulePlan, Step, judgeable, names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap.live.journal import Journal
    from hotswap.live.tracker import Loaded, Tracker
    from hotswap.source.units import Text, Unit

CALLING: Final = (map, filter, list, tuple, set, frozenset, dict)
"""Built-in classes that call a function they are given, at once or when read."""


class StatementRaised(Exception):
    """A changed statement, or one that follows from it, raised: the user's fault. `__cause__` is what it raised."""

    def __init__(self, entry: Loaded, unit: Unit, error: BaseException) -> None:
        super().__init__(f"{unit.label} raised {type(error).__name__}")
        self.entry = entry
        self.unit = unit
        self.error = error


@dataclass(slots=True, eq=False)
class ModuleSwap:
    """One module while the swap runs."""

    entry: Loaded
    text: Text
    plan: ModulePlan | None
    """None: the module was not edited, it may only follow."""
    steps: list[Step]
    names: dict[str, Any]
    before: dict[str, Any]
    """The module's names when the swap began."""
    edges: dict[str, Edge] = field(default_factory=dict)
    ran: dict[int, str] = field(default_factory=dict)
    """id(unit) -> why it ran."""
    ran_names: set[str] = field(default_factory=set)
    dirty: set[str] = field(default_factory=set)
    """Names whose value is another one now."""
    shaped: set[str] = field(default_factory=set)
    """Classes that stayed and changed shape; functions that stayed and changed signature or decorators."""
    tainted: set[str] = field(default_factory=set)
    """Functions whose own bytecode changed, or that call one."""
    own_tainted: set[str] = field(default_factory=set)
    methods: set[tuple[str, str]] = field(default_factory=set)
    """(class, method) whose own bytecode changed."""
    rebuilt: set[str] = field(default_factory=set)
    started: bool = False
    deleted: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    """What was dirty when the module last had its turn."""
    running: int = 0
    """Line of the old source at which the module's own code still runs (a script at ``asyncio.run``)."""
    forced: dict[int, str] = field(default_factory=dict)
    """id(unit) -> why it has to run although nothing it reads changed."""
    outside: set[tuple[str, str]] = field(default_factory=set)
    """``(root, attribute)`` of foreign objects that a statement changed: ``("os", "environ")``."""

    @property
    def name(self) -> str:
        return self.entry.name

    def binders(self, name: str) -> list[Step]:
        """Give the steps that bind a name, in file order."""
        return [s for s in self.steps if not s.is_guard and name in s.unit.scan.binds]


class Rerun:
    """Runs what has to run, within one journal.

    Args:
        tracker: Knows all modules.
        journal: Takes every undo.
        graft: Merges new objects into old ones.
        swaps: The edited modules.
        own_changed: Module name -> qualnames of functions whose own bytecode changed.
        pinned: Says whether a module must not be re-executed.
    """

    def __init__(
        self,
        tracker: Tracker,
        journal: Journal,
        graft: Graft,
        swaps: list[ModuleSwap],
        own_changed: Mapping[str, set[str]],
        pinned: Callable[[str], bool],
        sources: Mapping[str, tuple[bytes, bytes]],
    ) -> None:
        self.tracker = tracker
        self.journal = journal
        self.graft = graft
        self.swaps: dict[str, ModuleSwap] = {s.name: s for s in swaps}
        self.edited = list(swaps)
        self.adopt_value: Callable[[Any, Any, Journal], bool] | None = None
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self.pinned = pinned
        self.own_changed = own_changed
        self.dirty: dict[str, set[str]] = {}
        self._seen: set[int] = set()
        self._waiting: dict[str, Loaded] = {}
        self.dependents = Dependents(tracker)
        from hotswap.live.replay import Replay

        self.dirty.update({s.name: s.dirty for s in swaps})
        self.replay = Replay(self, sources)

    # -- the whole batch -------------------------------------------------------------------------------------------
    def run(self) -> None:
        """Carry out the batch.

        Raises:
            StatementRaised: The user's code raised.
            Refused: Only a fresh process can carry the edit out.
        """
        for swap in self.edited:
            self._prepare(swap)
        for swap in list(self.swaps.values()):
            self._force_chains(swap)
        self.replay.open()
        order = self._import_order(self.swaps)
        for name in order:
            self.process(self.swaps[name])
        done: dict[str, frozenset[str]] = {}
        while True:
            follower = self._next_follower(done)
            if follower is None:
                break
            self.process(follower)
        self.replay.close()

    def gone(self, entry: Loaded) -> None:
        """A module's file was deleted: every import of it runs again (and raises, unless it is guarded)."""
        for importer in self.dependents.of(entry, set(), rebinding={entry.name.rpartition(".")[2]}):
            if importer.name not in self.tracker.loaded:
                continue
            known = self.swaps.get(importer.name)
            units = known.steps if known is not None else None
            package = importer.names.get("__package__") or ""
            found = []
            text = known.text if known is not None else self.dependents.text(importer)
            for unit in (
                [s.unit for s in units if not s.is_guard] if units is not None else text.units
            ):
                if unit.kind not in ("import", "try", "with", "if"):
                    continue
                edges = imports_of(unit, package if isinstance(package, str) else "")
                if any(entry.name in (e.module, f"{e.module}.{e.name}") for e in edges):
                    found.append(unit)
            if not found:
                continue
            swap = known if known is not None else self._follow(importer)
            lines = {u.line for u in found}
            for step in swap.steps:
                if not step.is_guard and step.unit.line in lines and step.verdict == "keep":
                    swap.forced[id(step.unit)] = f"{entry.name} was deleted"

    def would_run(self) -> str:
        """Say why some statement would run although none was edited; runs nothing.

        Raises:
            Refused: Only a fresh process could carry the edit out.
        """
        for swap in self.edited:
            self._prepare(swap)
        for swap in self.edited:
            self._force_chains(swap)
            for step in swap.steps:
                if step.verdict == "run":
                    self._mapped(swap, step.unit)
        self.replay.open()
        for name in self._import_order(self.swaps):
            swap = self.swaps[name]
            self._taint(swap)
            if any(s.verdict == "docstring" for s in swap.steps):
                swap.dirty.add("__doc__")
            for step in swap.steps:
                why = None if step.is_guard or step.verdict == "run" else self.reason(swap, step)
                if why and why != "docstring":
                    return why
        done: dict[str, frozenset[str]] = {}
        while True:
            follower = self._next_follower(done)
            if follower is None:
                return ""
            follower.started = True
            self._taint(follower)
            for step in follower.steps:
                why = None if step.is_guard else self.reason(follower, step)
                if why and step.unit.kind != "import":
                    return why

    def _import_order(self, swaps: Mapping[str, ModuleSwap]) -> list[str]:
        place = {name: i for i, name in enumerate(self.tracker.loaded)}
        return sorted(swaps, key=lambda n: place.get(n, len(place)))

    def _next_follower(self, done: dict[str, frozenset[str]]) -> ModuleSwap | None:
        """Give the module to look at next: of those that import something that changed, the one completed first."""
        waiting: dict[str, Loaded] = {}
        for source in list(self.swaps.values()):
            methods = {m for m, _ in source.methods}
            names = frozenset(source.dirty | source.shaped | source.tainted | methods)
            if names and done.get(source.name) != names:
                done[source.name] = names
                found = self.dependents.of(
                    source.entry, names, rebinding=source.dirty | source.shaped
                )
                self._waiting.update({e.name: e for e in found})
        for name, entry in list(self._waiting.items()):
            known = self.swaps.get(name)
            if known is not None and not self._must_look_again(known):
                del self._waiting[name]
            elif self.pinned(name):
                del self._waiting[name]
                self.notes.append(f"{name} is pinned and was not run again")
            else:
                waiting[name] = entry
        if not waiting:
            return None
        entry = min(waiting.values(), key=lambda e: e.order)
        del self._waiting[entry.name]
        known = self.swaps.get(entry.name)
        if known is None:
            return self._follow(entry)
        known.started = False
        return known

    def _must_look_again(self, swap: ModuleSwap) -> bool:
        """Say whether a module that had its turn reads something that changed afterwards (import cycles)."""
        seen = swap.seen
        now = self._visible(swap)
        fresh = now - seen
        if not fresh:
            return False
        again = False
        for step in swap.steps:
            unit = step.unit
            if step.is_guard or id(unit) not in swap.ran or unit.scan.irrevocable or unit.scan.hard:
                continue
            reads = unit.scan.reads | {".".join(c) for c in unit.scan.chains}
            if reads & fresh or (unit.kind == "import" and set(unit.scan.binds) & fresh):
                del swap.ran[id(unit)]
                again = True
        return again or any(
            not s.is_guard and id(s.unit) not in swap.ran and self.reason(swap, s) is not None
            for s in swap.steps
        )

    def _visible(self, swap: ModuleSwap) -> set[str]:
        """Give what is dirty as this module spells it: names, and chains into modules."""
        found = self.visible_dirty(swap)
        for step in swap.steps:
            if not step.is_guard:
                for chain in step.unit.scan.chains:
                    if self.dirty_chain(swap, (chain,), "dirty"):
                        found.add(".".join(chain))
        return found

    def _as_they_were(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Give the modules that changed as they were when the follower's ``if`` statements last ran."""
        found = {}
        for name, value in list(names.items()):
            other = self.swaps.get(value.__name__) if type(value) is ModuleType else None
            if other is not None:
                found[name] = SimpleNamespace(**other.before)
        return found

    def _follow(self, entry: Loaded) -> ModuleSwap:
        text = self.dependents.text(entry)
        judge = judge_by(entry.names, self._as_they_were(entry.names))
        from hotswap.source.plan import flatten

        steps = [
            Step(
                unit,
                unit if way is None else None,
                "keep",
                "" if way is None else "guard",
                guards,
                is_guard=way is not None,
                way=way,
            )
            for unit, guards, way in flatten(text.units, judge)
        ]
        swap = ModuleSwap(entry, text, None, steps, entry.names, dict(entry.names))
        self.swaps[entry.name] = swap
        self._prepare(swap)
        self.replay.opened(swap)
        return swap

    def _prepare(self, swap: ModuleSwap) -> None:
        names = swap.names
        swap.before = dict(names)
        self.journal.content(names)
        registries.snapshot_names(self.journal, names, swap.entry.filename, self._seen)
        package = names.get("__package__") or ""
        for step in swap.steps:
            if step.unit.kind in ("import", "try", "if", "with"):
                for edge in imports_of(step.unit, package if isinstance(package, str) else ""):
                    if edge.name == "*":
                        self._star(swap, edge)
                    elif edge.local:
                        swap.edges[edge.local] = edge
        for qualname in self.own_changed.get(swap.name, ()):
            if "<locals>" in qualname:
                continue
            owner, _, method = qualname.rpartition(".")
            if owner:
                swap.methods.add((owner, method))
            else:
                swap.tainted.add(method)
                swap.own_tainted.add(method)
        self.dirty[swap.name] = swap.dirty

    def _star(self, swap: ModuleSwap, edge: Edge) -> None:
        from hotswap.source.graph import public_names

        module = sys.modules.get(edge.module)
        if isinstance(module, ModuleType):
            for name in public_names(module.__dict__):
                swap.edges.setdefault(name, Edge(name, edge.module, name))

    # -- one module ------------------------------------------------------------------------------------------------
    def process(self, swap: ModuleSwap) -> None:
        """Run a module's statements that have to run, in file order."""
        if swap.started:
            return
        swap.started = True
        try:
            self._process(swap)
        finally:
            swap.seen = self._visible(swap)

    def _process(self, swap: ModuleSwap) -> None:
        self._remove_names(swap)
        self._taint(swap)
        self.replay.late(swap)
        swap.running = running_line(swap.entry)
        skipped: list[tuple[Unit, bool]] = []
        for step in list(swap.steps):
            unit = step.unit
            if any((g, w) in [(a, b) for a, b in skipped] for g, w in step.guards):
                continue
            if step.is_guard:
                way = self._guard(swap, step)
                if way is not None:
                    skipped.append((unit, way))
                continue
            if unit.kind == "import" or "import" in unit.segment:
                self._imported_first(swap, unit)
                self._taint(swap)
            if id(unit) in swap.ran:
                continue
            why = self.reason(swap, step)
            if why is None:
                continue
            self.step(swap, step, why)

    def _imported_first(self, swap: ModuleSwap, unit: Unit) -> None:
        package = swap.names.get("__package__") or ""
        for edge in imports_of(unit, package if isinstance(package, str) else ""):
            for name in (edge.module, f"{edge.module}.{edge.name}"):
                other = self.swaps.get(name)
                if other is not None and not other.started:
                    self.process(other)

    def _guard(self, swap: ModuleSwap, step: Step) -> bool | None:
        """Judge an ``if`` again whose test reads something that changed; give the branch that no longer counts."""
        assumed = step.way
        reads = names_of(step.unit.test)
        chains = {tuple(c.split(".")) for c in dotted_in(step.unit.test)}
        if assumed is None or not (
            reads & self.visible_dirty(swap) or self.dirty_chain(swap, chains, "dirty")
        ):
            return None
        way = judge_by(swap.names)(step.unit.test)
        if way is None or way == assumed:
            return None
        at = swap.steps.index(step) + 1
        old = [s for s in swap.steps if any(g is step.unit for g, _ in s.guards)]
        fresh = [
            Step(u, None, "run", "branch", (*step.guards, (step.unit, way)))
            for u in step.unit.branches[0 if way else 1]
        ]
        gone = {n for s in old for n in s.unit.binds} - {n for s in fresh for n in s.unit.binds}
        for other in old:
            if not other.is_guard:
                self.replay.gone(swap, other.unit)
        swap.steps = [s for s in swap.steps if s not in old]
        for name in gone:
            binders = swap.binders(name)
            if binders:
                for binder in binders:
                    if id(binder.unit) not in swap.ran:
                        self.step(swap, binder, f"the branch that bound {name} is no longer taken")
            elif name in swap.names:
                self._delete_name(swap, name)
        for new in fresh:
            if not new.unit.scan.irrevocable:
                self._imported_first(swap, new.unit)
            self.step(swap, new, "its branch is taken now")
        swap.steps[at:at] = fresh
        return assumed

    def _remove_names(self, swap: ModuleSwap) -> None:
        if swap.plan is None:
            return
        bound = {name for s in swap.steps if not s.is_guard for name in s.unit.scan.binds}
        for unit in swap.plan.removed:
            if unit.kind == "docstring" and "__doc__" not in codes.stored_constants(swap.text.code):
                swap.names["__doc__"] = None
                swap.dirty.add("__doc__")
            for name in unit.binds:
                if name in bound or name not in swap.names or name in swap.deleted:
                    continue
                if unit.stars or (unit.kind == "import" and self._is_submodule(swap, name)):
                    continue
                self._delete_name(swap, name, unit)
            self.replay.removed(swap, unit)
            target = unit.node.target if isinstance(unit.node, ast.AnnAssign) else None
            if isinstance(target, ast.Name) and target.id not in bound:
                self._forget_annotation(swap, target.id)
        for step in swap.steps:
            if step.old is None or step.verdict == "keep":
                continue
            for name in set(step.old.scan.binds) - bound:
                if name in swap.names and not (
                    step.old.kind == "import" and self._is_submodule(swap, name)
                ):
                    self._delete_name(swap, name, step.old)

    def _force_chains(self, swap: ModuleSwap) -> None:
        """A name bound by several statements of which one came, went or changed: bind it anew in order (rule 11)."""
        if swap.plan is None:
            return
        before: dict[str, list[Unit]] = {}
        after: dict[str, list[Step]] = {}
        for unit in swap.plan.before:
            for name in {*unit.scan.binds, *unit.scan.deletes}:
                before.setdefault(name, []).append(unit)
        for step in swap.steps:
            if not step.is_guard:
                for name in {*step.unit.scan.binds, *step.unit.scan.deletes}:
                    after.setdefault(name, []).append(step)
        for name, steps in after.items():
            units = before.get(name, [])
            if len(steps) < 2 and len(units) < 2:
                continue
            edited = any(s.verdict == "run" for s in steps)
            if not edited and [s.old for s in steps] == units:
                continue
            if all(s.situation == "new" for s in steps):
                continue
            builds = any(
                s.unit.scan.reads_self
                or s.unit.scan.deletes
                or s.unit.kind in ("if", "try", "with", "for")
                for s in steps
            )
            appended = (
                all(s.verdict != "run" for s in steps[:-1]) and [s.old for s in steps[:-1]] == units
            )
            if (
                builds
                and appended
                and steps[-1].unit.scan.reads_self
                and not steps[-1].unit.scan.hard
            ):
                continue  # a new last statement goes on from the value there is
            for step in steps if builds else steps[-1:]:
                if step.verdict != "run":
                    swap.forced[id(step.unit)] = f"{name} is bound anew"

    def _is_submodule(self, swap: ModuleSwap, name: str) -> bool:
        """``from . import sub`` removed from a package: the attribute stays while the submodule is loaded (rule 19)."""
        return f"{swap.name}.{name}" in sys.modules

    def _delete_name(self, swap: ModuleSwap, name: str, unit: Unit | None = None) -> None:
        dead = swap.names.pop(name)
        self._forget_annotation(swap, name)
        swap.dirty.add(name)
        swap.deleted.add(name)
        if (
            unit is None
            or unit.kind not in ("def", "class")
            or not isinstance(dead, (FunctionType, type))
        ):
            return
        if any(v is dead for v in swap.names.values()):
            return
        holders = self._containers()
        if registries.drop_dead(dead, self.journal, lambda c: id(c) in holders):
            self.notes.append(f"{unit.label} was taken out of the registries that held it")

    def _forget_annotation(self, swap: ModuleSwap, name: str) -> None:
        annotations = swap.names.get("__annotations__")
        if isinstance(annotations, dict) and name in annotations:
            self.journal.content(annotations)
            del annotations[name]

    def _containers(self) -> set[int]:
        found: set[int] = set()
        for entry in self.tracker.loaded.values():
            for value in list(entry.names.values()):
                if issubclass(type(value), (list, dict, set)):
                    found.add(id(value))
                    if issubclass(type(value), dict):
                        found.update(
                            id(v)
                            for v in dict.values(value)
                            if issubclass(type(v), (list, dict, set))
                        )
                elif isinstance(value, type) and value.__module__ == entry.name:
                    own = type.__dict__["__dict__"].__get__(value)
                    found.update(
                        id(v) for v in own.values() if issubclass(type(v), (list, dict, set))
                    )
                else:
                    inside = (
                        registries.instance_dict(value)
                        if not isinstance(value, ModuleType)
                        else None
                    )
                    if inside is not None:
                        found.update(
                            id(v) for v in inside.values() if issubclass(type(v), (list, dict, set))
                        )
        return found

    def _taint(self, swap: ModuleSwap) -> None:
        """Spread from functions that changed to those that call them, by global name."""
        for local, edge in swap.edges.items():
            other = self.swaps.get(edge.module)
            if other is not None and edge.name in other.tainted:
                swap.tainted.add(local)
                if edge.name in other.own_tainted:
                    swap.own_tainted.add(local)
        if not swap.tainted:
            return
        functions = {c.co_name: codes.names_used(c) for c in codes.children(swap.text.code)}
        grew = True
        while grew:
            grew = False
            for name, used in functions.items():
                if (
                    name not in swap.tainted
                    and used & swap.tainted
                    and type(swap.names.get(name)) is not type
                ):
                    if isinstance(swap.names.get(name), type):
                        continue
                    swap.tainted.add(name)
                    grew = True

    # -- why a statement runs --------------------------------------------------------------------------------------
    def visible_dirty(self, swap: ModuleSwap) -> set[str]:
        """Give the names, as this module spells them, whose value changed."""
        found = set(swap.dirty)
        for local, edge in swap.edges.items():
            other = self.swaps.get(edge.module)
            if other is not None and edge.name in other.dirty:
                found.add(local)
        return found

    def _is_module(self, name: str) -> bool:
        return name in self.tracker.loaded

    def dirty_chain(self, swap: ModuleSwap, chains: Iterable[tuple[str, ...]], what: str) -> str:
        """Give ``mod.NAME`` of the first attribute chain into a module whose name is dirty, shaped or tainted."""
        for chain in chains:
            if chain[0] not in swap.edges:
                continue
            found = resolve(chain, swap.edges, self._is_module)
            if found is None:
                continue
            other = self.swaps.get(found[0])
            if other is not None and found[1] in getattr(other, what):
                return ".".join(chain)
        return ""

    def reason(self, swap: ModuleSwap, step: Step) -> str | None:
        """Say why a statement has to run, or None."""
        unit, scan = step.unit, step.unit.scan
        if step.verdict == "docstring" or (unit.kind == "docstring" and step.verdict == "run"):
            return "docstring"
        if unit.kind == "docstring":
            return "mutates the docstring" if "__doc__" in swap.rebuilt else None
        if step.verdict == "run":
            return "edited"
        if id(unit) in swap.forced:
            return swap.forced[id(unit)]
        if unit.kind == "import":
            return self._import_reason(swap, step)
        dirty = self.visible_dirty(swap)
        names = sorted(scan.reads & dirty)
        if names:
            return f"reads {', '.join(names)}"
        chain = self.dirty_chain(swap, scan.chains, "dirty")
        if chain:
            return f"reads {chain}"
        for chain_ in scan.chains if swap.outside else ():
            if chain_[:2] in swap.outside and unit.kind != "expr" and not scan.assigns:
                return f"reads {'.'.join(chain_[:2])}"
        if (
            swap.outside
            and scan.calls & {"exec", "eval", "globals"}
            and ("globals()", "") in swap.outside
        ):
            return "works on the module's names"
        called = self._called(swap, step)
        if called:
            return called
        shaped = self._shape_reason(swap, step)
        if shaped:
            return shaped
        chained = self._chain_reason(swap, step)
        if chained:
            return chained
        return self.replay.reason(swap, step)

    def _import_reason(self, swap: ModuleSwap, step: Step) -> str | None:
        package = swap.names.get("__package__") or ""
        for edge in imports_of(step.unit, package if isinstance(package, str) else ""):
            other = self.swaps.get(edge.module)
            if other is None or edge.name is None:
                continue
            if edge.name == "*":
                if other.dirty:
                    return f"takes all of {edge.module}"
            elif edge.name in other.dirty:
                return f"{edge.name} changed in {edge.module}"
        return None

    def _called(self, swap: ModuleSwap, step: Step) -> str:
        unit, scan = step.unit, step.unit.scan
        if unit.kind == "def":
            names = sorted(scan.decorated_by & swap.own_tainted)
            if names:
                return f"its decorator {names[0]} changed"
            chain = self.dirty_chain(swap, scan.called_chains, "own_tainted")
            return f"its decorator {chain} changed" if chain else self._method_called(swap, step)
        hits = sorted(scan.calls & swap.tainted) or sorted(self._handed(swap, scan.handed))
        chain = "" if hits else self.dirty_chain(swap, scan.called_chains, "tainted")
        what = hits[0] if hits else chain
        if unit.kind == "class":
            if what:
                return (
                    f"its decorator {what} changed" if what in scan.decorators else f"calls {what}"
                )
            return self._method_called(swap, step)
        if what and unit.kind == "expr":
            return self.replay.called(swap, step, what)
        if what:
            return f"calls {what}"
        return self._method_called(swap, step)

    def _handed(self, swap: ModuleSwap, handed: set[tuple[str, str]]) -> set[str]:
        """Give the changed functions that are handed to a call which may call them at once.

        A class that is given a function keeps it (`partial`, `Thread`, a server): the object made is state.
        """
        found = set()
        for callee, name in handed:
            if name not in swap.tainted:
                continue
            first, *rest = callee.split(".")
            function = swap.names.get(first, getattr(builtins, first, MISSING))
            if self.replay.adapter_of(function) is not None:
                continue  # a framework keeps what it is given and calls it later
            for part in rest:
                if not issubclass(type(function), (ModuleType, type)):
                    break
                function = function.__dict__.get(part, MISSING)
            if issubclass(type(function), type) and function not in CALLING:
                continue
            if type(function) is FunctionType and function.__module__ in (
                "functools",
                "dataclasses",
            ):
                continue
            found.add(name)
        return found

    def _class_methods(self, swap: ModuleSwap, name: str) -> tuple[Any, set[str]]:
        """Give the class that a name is, or is an instance of, and its methods whose bytecode changed."""
        value = swap.names.get(name, MISSING)
        if value is MISSING:
            return None, set()
        cls = value if isinstance(value, type) else type(value)
        found: set[str] = set()
        for base in type.__dict__["__mro__"].__get__(cls):
            other = self.swaps.get(base.__module__) if isinstance(base.__module__, str) else None
            if other is not None:
                found |= {m for c, m in other.methods if c == base.__qualname__}
        return cls, found

    def _method_called(self, swap: ModuleSwap, step: Step) -> str:
        unit, scan = step.unit, step.unit.scan
        if not any(s.methods for s in self.swaps.values()):
            return ""
        for name, method in scan.methods:
            value = swap.names.get(name, MISSING)
            cls, changed = self._class_methods(swap, name)
            if cls is None or method not in changed:
                continue
            if unit.kind == "def" and name not in scan.decorators:
                continue
            if unit.kind == "expr":
                return self.replay.called(swap, step, f"{name}.{method}")
            bound = [swap.names.get(b) for b in unit.binds]
            if isinstance(value, type) and any(type(v) is value for v in bound):
                return ""  # an instance is state, however it was made
            return f"calls {name}.{method}"
        if unit.kind in ("def", "class"):
            for name in scan.decorators:
                cls, changed = self._class_methods(swap, name)
                if cls is not None and changed & {"__init__", "__call__", "__new__", "__get__"}:
                    return f"its decorator {name} changed"
        if unit.kind == "class" and isinstance(unit.node, ast.ClassDef):
            return self._base_hooks(swap, unit.node)
        return ""

    def _base_hooks(self, swap: ModuleSwap, node: ast.ClassDef) -> str:
        value = swap.names.get(node.name)
        if not isinstance(value, type):
            return ""
        metaclass: type = type(value)
        for base in [*value.__mro__[1:], *metaclass.__mro__]:
            other = self.swaps.get(base.__module__)
            if other is None:
                continue
            hooks = (
                {"__init_subclass__"}
                if base in value.__mro__
                else {"__new__", "__init__", "__prepare__", "__call__"}
            )
            changed = {m for c, m in other.methods if c == base.__qualname__} & hooks
            if changed:
                return f"{base.__qualname__}.{min(changed)} changed"
        for held in type.__dict__["__dict__"].__get__(value).values():
            for base in type(held).__mro__[:-1]:
                other = self.swaps.get(base.__module__)
                if other is not None and (base.__qualname__, "__set_name__") in other.methods:
                    return f"{base.__qualname__}.__set_name__ changed"
        return ""

    def _attribute_reason(self, swap: ModuleSwap, step: Step) -> str:
        """``Child.size`` or ``instance.size``, where a base class changed shape."""
        if step.unit.kind in ("def", "import"):
            return ""
        shaped = {id(c) for c in self.graft.shaped}
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

    def _shape_reason(self, swap: ModuleSwap, step: Step) -> str:
        unit, scan = step.unit, step.unit.scan
        shaped = set(swap.shaped)
        for local, edge in swap.edges.items():
            other = self.swaps.get(edge.module)
            if other is not None and edge.name in other.shaped:
                shaped.add(local)
        if not shaped and not any(s.shaped for s in self.swaps.values()):
            return ""
        attribute = self._attribute_reason(swap, step)
        if attribute:
            return attribute
        read = (scan.reads | scan.soft) & shaped
        chain = "" if read else self.dirty_chain(swap, scan.chains, "shaped")
        if not read and not chain:
            return ""
        name = min(read) if read else chain
        value = swap.names.get(name) if read else self._chain_value(swap, chain)
        if unit.kind in ("def", "assign") and not issubclass(type(value), type):
            if not self.replay.fills(swap, unit):
                swap.shaped.update(
                    unit.binds
                )  # who reads this one reads that one: Depends(Depends(...))
                return ""
        if unit.kind == "def":
            if not unit.impure_decorators:
                return ""
            return (
                f"reads {name}" if isinstance(value, type) or self.replay.fills(swap, unit) else ""
            )
        if not isinstance(value, type):
            return f"reads {name}" if self.replay.fills(swap, unit) else ""
        if unit.kind == "class":
            mine = swap.names.get(unit.name)
            if isinstance(mine, type) and (is_special(mine) or is_special(value)):
                return f"reads {name}"
            attributes = {c for c in scan.chains if c[0] == name}
            return f"reads {'.'.join(min(attributes))}" if attributes else ""
        if unit.kind in ("expr", "for", "with", "other"):
            return f"reads {name}" if self.replay.fills(swap, unit) else ""
        if any(c[0] == name for c in scan.chains) and not any(m[0] == name for m in scan.methods):
            return f"reads {name}'s attributes"
        if scan.comprehends and isinstance(value, type) and name in scan.reads:
            return f"reads {name}"
        if is_special(value) and not any(type(swap.names.get(b)) is value for b in unit.binds):
            return f"reads {name}"
        return ""

    def _chain_value(self, swap: ModuleSwap, chain: str) -> Any:
        found = resolve(tuple(chain.split(".")), swap.edges, self._is_module)
        return self.swaps[found[0]].names.get(found[1]) if found is not None else None

    def _chain_reason(self, swap: ModuleSwap, step: Step) -> str:
        """Names bound by several statements run as a chain; what mutates a definition belongs to it (rules 5, 11)."""
        unit, scan = step.unit, step.unit.scan
        for name in scan.binds:
            others = [s for s in swap.binders(name) if s is not step]
            if others and any(
                id(s.unit) in swap.ran and swap.steps.index(s) < swap.steps.index(step)
                for s in others
            ):
                return f"binds {name} again"
        for name, _ in scan.assigns:
            if name in swap.ran_names and isinstance(swap.names.get(name), (type, FunctionType)):
                return f"adds to {name}"
        if scan.deletes & (swap.ran_names | swap.dirty) and unit.kind == "other":
            return "deletes what ran again"
        return ""

    # -- running one statement -------------------------------------------------------------------------------------
    def step(self, swap: ModuleSwap, step: Step, why: str) -> None:
        """Run one statement and graft what it made."""
        unit = step.unit
        if id(unit) in swap.ran:
            return
        if swap.running and self._not_yet(swap, step):
            if step.verdict == "run":
                raise Refused(
                    f"line {unit.line} of {swap.name} was edited, but the module is still running line {swap.running}"
                )
            return
        if self.pinned(swap.name):
            self.notes.append(f"{swap.name} is pinned: {unit.label} was not run ({why})")
            swap.ran[id(unit)] = why
            return
        if unit.kind == "docstring":
            swap.ran[id(unit)] = why
            if swap.steps and unit is swap.text.units[0]:
                swap.names["__doc__"] = codes.stored_constants(swap.text.code).get("__doc__")
                swap.dirty.add("__doc__")
            return
        for name in unit.scan.binds:
            self._catch_up(swap, step, name)
        self._bring_back(swap, step)
        if self.replay.take_over(swap, step, why):
            return
        self.execute(swap, step, why)

    def _not_yet(self, swap: ModuleSwap, step: Step) -> bool:
        """Say whether a statement of a module that still runs stands at or behind the one that is running."""
        for other in swap.steps:
            if other.old is not None and not other.is_guard and other.old.end >= swap.running:
                return True
            if other is step:
                return False
        return False

    def _catch_up(self, swap: ModuleSwap, step: Step, name: str) -> None:
        """Run the earlier binders of a name that this one builds on."""
        earlier = [s for s in swap.binders(name) if swap.steps.index(s) < swap.steps.index(step)]
        chain = [*earlier, step]
        if not earlier or step.unit.kind in ("def", "class", "import"):
            return
        if (
            step.situation == "new"
            and step.unit.scan.reads_self
            and all(s.verdict == "keep" for s in earlier)
        ):
            # x = [1] ... x += [2] is new: the value made so far is the one to build on, unless it would double
            if not step.unit.scan.hard:
                return
            return
        if not any(s.unit.scan.reads_self or s.guards for s in chain):
            return
        for binder in earlier:
            if id(binder.unit) not in swap.ran:
                self.step(swap, binder, f"{step.unit.label} builds on it")

    def _bring_back(self, swap: ModuleSwap, step: Step) -> None:
        """Bind again what the statement reads and the module has deleted since (``del _helper``)."""
        scan = step.unit.scan
        for name in sorted(scan.reads | scan.calls):
            if name in swap.names or hasattr(builtins, name):
                continue
            for binder in swap.binders(name):
                if binder is step or swap.steps.index(binder) > swap.steps.index(step):
                    break
                if id(binder.unit) not in swap.ran:
                    self.step(swap, binder, f"{step.unit.label} reads {name}, which was deleted")
            if name in swap.names:
                for later in swap.steps:
                    if not later.is_guard and name in later.unit.scan.deletes:
                        swap.forced[id(later.unit)] = f"deletes {name}"

    def execute(self, swap: ModuleSwap, step: Step, why: str) -> None:
        """Run the statement in the module's own names, then merge what it bound."""
        unit, names = step.unit, swap.names
        scan = unit.scan
        if scan.irrevocable and step.situation not in ("new", "branch"):
            if not (scan.overwrites and step.verdict == "run"):
                raise Refused(
                    f"line {unit.line} of {swap.name} {scan.irrevocable}; it would have to run again: {why}"
                )
        if swap.entry.module.__name__ == "__main__" and any(
            is_main_guard(g) for g, _ in step.guards
        ):
            raise Refused("the body of `if __name__ == '__main__'` has run and changed")
        swap.ran[id(unit)] = why
        self._mapped(swap, unit)
        self._remember(swap, unit)
        self._remember_environment(unit)
        dynamic = (
            scan.calls & {"exec", "globals", "vars", "locals"}
            if unit.kind not in ("def", "class")
            else None
        )
        if dynamic:
            self._drop_dynamic(swap)
        was = {name: names.get(name, MISSING) for name in scan.binds}
        if unit.stars:
            was.update(self._star_names(swap, unit))
        try:
            code = self.compile(swap, unit)
            with self.tracker.running(swap.entry):
                exec(code, names)
        except (Refused, StatementRaised):
            raise
        except MemoryError:
            raise
        except BaseException as error:
            if self._is_fault(swap, step, why, error):
                raise StatementRaised(swap.entry, unit, error) from error
            raise Refused(
                f"{swap.name}, line {unit.line}: {unit.label} has to run again ({why}) and raised "
                f"{type(error).__name__}: {error}"
            ) from error
        self._report(swap, step, why)
        for name in [*scan.binds, *(n for n in was if n not in scan.binds)]:
            self.bound(swap, step, name, was[name])
        if unit.kind in ("def", "class"):
            swap.ran_names.add(unit.name)
        if unit.stars:
            self._star_gone(swap, unit)
        for name in scan.deletes:
            if name in swap.before and name not in names:
                swap.dirty.add(name)
        if not step.unit.binds:
            swap.dirty.update(n for n in scan.mutates if self._content_changed(swap, n))
            for chain in scan.chains:
                if (
                    len(chain) > 1
                    and chain[0] in scan.mutates
                    and isinstance(swap.names.get(chain[0]), ModuleType)
                ):
                    swap.outside.add((chain[0], chain[1]))
        if dynamic:
            swap.outside.add(("globals()", ""))
            known = {n for s in swap.steps if not s.is_guard for n in s.unit.scan.binds}
            for name in {*names, *swap.before} - known:
                if names.get(name, MISSING) is not swap.before.get(
                    name, MISSING
                ) and not name.startswith("__"):
                    swap.dirty.add(name)

    def _is_fault(self, swap: ModuleSwap, step: Step, why: str, error: BaseException) -> bool:  # noqa: ARG002
        """Say whether an exception is the user's: it was edited, or ran code or values that were (rule 10)."""
        if step.verdict == "run":
            # a statement that writes into globals() may refuse only because it ran before
            return not (step.unit.kind == "expr" and "globals" in step.unit.scan.calls)
        if isinstance(error, SyntaxError) or (
            step.unit.kind == "import" and isinstance(error, ImportError)
        ):
            return True
        if "changed" in why or why.startswith("calls"):
            return True
        edited = {s.entry.filename: s for s in self.swaps.values() if s.plan is not None}
        walker = error.__traceback__
        while walker is not None:
            code = walker.tb_frame.f_code
            other = edited.get(code.co_filename)
            if other is not None and code.co_qualname in self.own_changed.get(other.name, ()):
                return True
            walker = walker.tb_next
        return why.startswith("reads") and not isinstance(
            error, (NameError, AttributeError, TypeError)
        )

    def _mapped(self, swap: ModuleSwap, unit: Unit) -> None:
        """Refuse classes that their framework registers once only."""
        from hotswap.live import adapters

        value = swap.before.get(unit.name) if unit.kind == "class" else None
        if issubclass(type(value), type):
            own = type.__dict__["__dict__"].__get__(value)
            if "__mapper__" in own or "__table__" in own:
                raise Refused(
                    f"{unit.name} is mapped by SQLAlchemy, which registers a table once only"
                )
            if "_meta" in own and type(value).__module__.startswith("django."):
                raise Refused(f"{unit.name} is a Django model, which is registered once only")
            owner = adapters.owner(value, self.replay.active)
            if owner is not None and owner.fixed(value):
                raise Refused(owner.fixed(value))

    def _drop_dynamic(self, swap: ModuleSwap) -> None:
        """Forget the names that no statement binds by itself: `exec` and ``globals()`` made them, and do so again."""
        if ("globals()", "") in swap.outside:
            return
        swap.outside.add(("globals()", ""))
        units = [s.unit for s in swap.steps if not s.is_guard]
        units += swap.plan.before if swap.plan is not None else []
        known = {n for u in units for n in u.scan.binds}
        for name in list(swap.names):
            if (
                name in known
                or name.startswith("__")
                or name in swap.edges
                or isinstance(swap.names[name], ModuleType)
            ):
                continue
            if name in swap.before:
                del swap.names[name]
                swap.dirty.add(name)

    def compile(self, swap: ModuleSwap, unit: Unit) -> CodeType:
        """Compile one statement alone, with its real line numbers and the file's future imports."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code: CodeType = compile(
                ast.Module([unit.node], []),
                swap.text.filename,
                "exec",
                flags=swap.text.flags,
                dont_inherit=True,
            )
        return self.tracker.prepared(code)

    def _remember(self, swap: ModuleSwap, unit: Unit) -> None:
        """Before a statement runs: remember what it may mutate."""
        for name in unit.scan.mutates | unit.scan.calls:
            value = swap.names.get(name, MISSING)
            if value is not MISSING and not isinstance(value, (type, ModuleType, FunctionType)):
                registries.snapshot(self.journal, value, self._seen)
            elif isinstance(value, type):
                self._remember_class(value)
            elif type(value) is FunctionType:
                registries.snapshot(self.journal, value.__dict__, self._seen)
                for cell in value.__closure__ or ():  # singledispatch keeps its registry there
                    registries.snapshot(self.journal, content(cell), self._seen)
            elif isinstance(value, ModuleType) and value.__name__ in self.tracker.loaded:
                self.journal.content(value.__dict__)
        for name in unit.scan.calls | unit.scan.decorators:
            value = swap.names.get(name)
            if type(value) is FunctionType and value.__globals__ is not swap.names:
                registries.snapshot_names(self.journal, value.__globals__, "", self._seen)
        if isinstance(unit.node, ast.ClassDef):
            for base in unit.node.bases:
                if isinstance(base, ast.Name) and isinstance(swap.names.get(base.id), type):
                    for cls in swap.names[base.id].__mro__:
                        self._remember_class(cls)

    def _remember_environment(self, unit: Unit) -> None:
        if any(
            "environ" in c or "putenv" in c for c in unit.scan.chains | unit.scan.called_chains
        ) or ("environ" in unit.scan.reads):
            import os

            before = dict(os.environ)

            def put_back() -> None:
                for key in [k for k in os.environ if k not in before]:
                    del os.environ[key]
                for key, value in before.items():
                    if os.environ.get(key) != value:
                        os.environ[key] = value

            self.journal.undo(put_back)

    def _remember_class(self, cls: type) -> None:
        if not cls.__flags__ & (1 << 9) or id(cls) in self._seen:  # Py_TPFLAGS_HEAPTYPE
            return
        self._seen.add(id(cls))
        own = dict(type.__dict__["__dict__"].__get__(cls))
        for value in own.values():
            if issubclass(type(value), registries.CONTAINERS):
                registries.snapshot(self.journal, value, self._seen, depth=0)

        def put_back() -> None:
            now = type.__dict__["__dict__"].__get__(cls)
            for name in [n for n in now if n not in own]:
                try:
                    type.__delattr__(cls, name)
                except (AttributeError, TypeError):
                    continue
            for name, value in own.items():
                if now.get(name, MISSING) is not value:
                    try:
                        type.__setattr__(cls, name, value)
                    except (AttributeError, TypeError):
                        continue

        self.journal.undo(put_back)

    def _content_changed(self, swap: ModuleSwap, name: str) -> bool:
        value = swap.names.get(name, MISSING)
        return value is not MISSING and issubclass(type(value), registries.CONTAINERS)

    def bound(self, swap: ModuleSwap, step: Step, name: str, was: Any) -> None:
        """Merge the value a statement bound into the one the name had; note whether readers must follow."""
        names = swap.names
        new = names.get(name, MISSING)
        old = swap.before.get(name, MISSING)
        if new is MISSING:
            return
        if old is MISSING:
            swap.dirty.add(name)
            return
        if new is old:
            swap.dirty.discard(name)
            if was is not old:
                return
            return
        binders = swap.binders(name)
        last = not binders or binders[-1] is step or step not in binders
        if last and self.mergeable(swap, step, name, old, new):
            self._merge_facts(swap, step, name, old)
            merged = self.graft.merge(old, new)
            if merged is old:
                names[name] = old
                if self._reshaped(step, old):
                    swap.shaped.add(name)
                swap.dirty.discard(name)
                return
            names[name] = merged
        elif last and self.adopt_value is not None and type(old) is type(new):
            if self.adopt_value(old, new, self.journal):
                names[name] = old
                swap.dirty.add(name)
                return
        if registries.same_content(old, new):
            names[name] = old
            swap.dirty.discard(name)
            return
        swap.dirty.add(name)

    def _reshaped(self, step: Step, value: Any) -> bool:
        if isinstance(value, type):
            return True
        return step.unit.kind == "def"

    def mergeable(self, swap: ModuleSwap, step: Step, name: str, old: Any, new: Any) -> bool:
        """Say whether the old value was defined by this file's statement of that name (rule 9)."""
        unit = step.unit
        if swap.plan is not None:
            previous = [u for u in swap.plan.before if name in u.scan.binds]
        else:
            previous = [s.unit for s in swap.binders(name)]
        if not previous:
            return False
        last = previous[-1]
        if unit.kind in ("def", "class") and last.kind in ("def", "class"):
            return self._defined_here(swap, old, last)
        if unit.kind in ("if", "try", "with") and last.kind in (
            "if",
            "try",
            "with",
            "def",
            "class",
        ):
            return (
                isinstance(new, (FunctionType, type))
                and self._defined_here(swap, old, last)
                and self._defined_here(swap, new, unit)
            )
        if unit.kind == "assign" and last.kind in ("assign", "def"):
            if unit.is_lambda and last.is_lambda:
                return type(old) is FunctionType and old.__code__.co_filename == swap.entry.filename
            if (
                isinstance(unit.value, ast.Call)
                and type(old) is FunctionType
                and type(new) is FunctionType
            ):
                return (
                    old.__qualname__ == new.__qualname__
                    and old.__code__.co_name == new.__code__.co_name
                    and (not any(v is new for v in swap.before.values()))
                )
            if isinstance(unit.value, ast.Call) and isinstance(old, type) and isinstance(new, type):
                return old.__qualname__ == new.__qualname__ and old.__module__ == new.__module__
            if type(old) is type(new) and type(old).__name__ in ("partial", "_lru_cache_wrapper"):
                return True
        return False

    def _defined_here(self, swap: ModuleSwap, value: Any, unit: Unit) -> bool:
        if isinstance(value, type):
            return value.__module__ in (swap.name, "__main__") or unit.kind == "class"
        if type(value) is FunctionType:
            return (
                value.__code__.co_filename == swap.entry.filename
                or "__wrapped__" in value.__dict__
                or "<locals>" in value.__qualname__
            )
        return isinstance(value, (*WRAPPERS,)) or type(value).__module__ == "functools"

    def _merge_facts(self, swap: ModuleSwap, step: Step, name: str, old: Any) -> None:
        unit = step.unit
        if unit.kind == "class" and isinstance(old, type):
            self._class_delta(swap, unit, step.old or unit)
        elif unit.kind == "def" and step.old is not None and step.old.kind == "def":
            if not self._reads_dirty_defaults(swap, unit):
                self.graft.keep_defaults[unit.name] = same_defaults(step.old, unit)
        del name

    def _reads_dirty_defaults(self, swap: ModuleSwap, unit: Unit) -> bool:
        from hotswap.source.scan import names_in

        dirty = self.visible_dirty(swap)
        arguments = unit.definition.args
        return any(
            names_in(d) & dirty
            for d in [*arguments.defaults, *(k for k in arguments.kw_defaults if k)]
        )

    def _class_delta(self, swap: ModuleSwap, unit: Unit, old: Unit, prefix: str = "") -> None:
        """Work out which attributes of a class that ran keep their values: those that read nothing that changed."""
        from dataclasses import replace

        from hotswap.source.diff import compare_classes

        delta = compare_classes(old, unit)
        dirty = self.visible_dirty(swap) | swap.shaped
        tainted = swap.tainted
        lost: set[str] = set()
        for member in unit.members:
            scan = member.scan
            if member.kind == "class":
                partner = next(
                    (m for m in old.members if m.kind == "class" and m.name == member.name), member
                )
                self._class_delta(swap, member, partner, f"{prefix}{unit.name}.")
            elif member.kind == "def":
                twin = next(
                    (m for m in old.members if m.kind == "def" and m.name == member.name), None
                )
                if twin is not None:
                    self.graft.keep_defaults[f"{prefix}{unit.name}.{member.name}"] = same_defaults(
                        twin, member
                    )
            if (
                scan.reads & (dirty | lost)
                or scan.calls & tainted
                or self.dirty_chain(swap, scan.chains, "dirty")
            ):
                lost.update(member.binds)
        delta = replace(delta, kept=delta.kept - lost)
        self.graft.deltas[swap.entry.names.get("__name__", swap.name), f"{prefix}{unit.name}"] = (
            delta
        )

    def _star_names(self, swap: ModuleSwap, unit: Unit) -> dict[str, Any]:
        package = swap.names.get("__package__") or ""
        found: dict[str, Any] = {}
        from hotswap.source.graph import absolute, public_names

        for level, module in unit.stars:
            target = sys.modules.get(
                absolute(level, module, package if isinstance(package, str) else "")
            )
            if isinstance(target, ModuleType):
                for name in public_names(target.__dict__):
                    found[name] = swap.names.get(name, MISSING)
                    swap.edges.setdefault(name, Edge(name, target.__name__, name))
        return found

    def _star_gone(self, swap: ModuleSwap, unit: Unit) -> None:
        """Delete the names that only the star import had brought and that no longer exist (rule 3)."""
        from hotswap.source.graph import absolute, public_names

        package = swap.names.get("__package__") or ""
        bound = {n for s in swap.steps if not s.is_guard for n in s.unit.scan.binds}
        for level, module in unit.stars:
            source = absolute(level, module, package if isinstance(package, str) else "")
            target = sys.modules.get(source)
            if not isinstance(target, ModuleType):
                continue
            public = set(public_names(target.__dict__))
            other = self.swaps.get(source)
            before = set(public_names(other.before)) if other is not None else set()
            for name in before - public:
                if (
                    name in swap.names
                    and name not in bound
                    and swap.names[name] is (other.before if other else {}).get(name, MISSING)
                ):
                    self._delete_name(swap, name)

    def _report(self, swap: ModuleSwap, step: Step, why: str) -> None:
        if step.edited or why == "edited":
            return
        unit = step.unit
        if unit.kind == "import":
            return
        self.changes.append(
            Change("~", swap.entry.path, unit.label, "re-run", because=why, line=unit.line)
        )


def same_defaults(old: Unit, new: Unit) -> frozenset[str]:
    """Give the parameters whose default expression did not change."""
    before, after = defaults_of(old), defaults_of(new)
    return frozenset(name for name, text in after.items() if before.get(name) == text)


def defaults_of(unit: Unit) -> dict[str, str]:
    """Spell the default expression of each parameter."""
    arguments = unit.definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    found = {}
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        found[argument.arg] = ast.dump(default)
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword is not None:
            found[argument.arg] = ast.dump(keyword)
    return found


def dotted_in(test: ast.expr) -> set[str]:
    """Give the attribute chains in an expression."""
    from hotswap.source.effects import dotted

    found = {dotted(n) for n in ast.walk(test) if isinstance(n, ast.Attribute)}
    return {f for f in found if f}


def is_main_guard(unit: Unit) -> bool:
    """Say whether an ``if`` tests for ``__main__``."""
    return "__name__" in names_of(unit.test) and "__main__" in ast.dump(unit.test)


def is_special(cls: type) -> bool:
    """Say whether others read a class's fields: dataclass, attrs, pydantic, enum, named tuple, typed dict."""
    import enum

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


def judge_by(
    names: Mapping[str, Any], overlay: Mapping[str, Any] | None = None
) -> Callable[[ast.expr], bool | None]:
    """Make a judge that evaluates harmless tests with a module's live names."""

    def judge(test: ast.expr) -> bool | None:
        if not judgeable(test):
            return None
        try:
            code = compile(ast.Expression(test), "<test>", "eval", dont_inherit=True)
            space = {**names, **(overlay or {})}
            try:
                return bool(eval(code, space))
            except (
                AttributeError
            ):  # a submodule shadows the module that was meant: ``typing.TYPE_CHECKING``
                return bool(eval(code, {**space, **shadowed(names)}))
        except Exception:  # noqa: BLE001 - a test that cannot be judged is run as part of its block
            return None

    return judge


def shadowed(names: Mapping[str, Any]) -> dict[str, Any]:
    """Give the top-level modules whose name a package's own submodule of the same name took."""
    package = names.get("__name__")
    return {
        name: sys.modules[name]
        for name, value in list(names.items())
        if type(value) is ModuleType
        and value.__name__ == f"{package}.{name}"
        and name in sys.modules
    }


def running_line(entry: Loaded) -> int:
    """Give the line at which a module's own code still runs (a script at ``asyncio.run``), or 0."""
    for frame in list(sys._current_frames().values()):
        walker = frame
        while walker is not None:
            if walker.f_code.co_name == "<module>" and walker.f_globals is entry.names:
                if walker.f_code.co_filename == entry.filename and walker.f_locals is not None:
                    return walker.f_lineno
            walker = walker.f_back  # type: ignore[assignment]
    return 0

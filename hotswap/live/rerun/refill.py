"""Objects are filled anew: made on the side, so that no thread sees them half empty, then put into the old object."""

from __future__ import annotations

import ast
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from hotswap.live import registries
from hotswap.live.adapters.base import Adapter, Refused
from hotswap.live.adopting import adopt, make_registered
from hotswap.live.gathered import Gathering, as_of, record
from hotswap.live.journal import MISSING
from hotswap.live.looking import instance_dict, slots_of
from hotswap.live.pydantic_models import build_embedding
from hotswap.live.redirecting import redirect
from hotswap.live.rerun import records, remade
from hotswap.live.rerun.blocks import refuse_fewer
from hotswap.live.rerun.branches import is_main_guard
from hotswap.live.rerun.changed import visible_dirty
from hotswap.live.rerun.due import importers, join, make_now, schedule, touch
from hotswap.live.rerun.fillers import (
    adapter_of,
    asked_for,
    maker_of,
    only_state,
    rebuildable,
    sets_anew,
    targets,
    value_at,
)
from hotswap.live.rerun.frameworks import (
    constructed,
    live_registries,
    note_copied,
    open_registry,
    ran_facts,
)
from hotswap.live.rerun.merging import has_gathered
from hotswap.live.rerun.order import put_in_order
from hotswap.live.rerun.state import Side
from hotswap.live.rerun.statement import execute
from hotswap.live.rerun.undoing import refuse_undoing
from hotswap.live.why import Kind, Why
from hotswap.source.model import Change

if TYPE_CHECKING:
    from hotswap.live.rerun.state import Key, ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit


def reason_to_refill(rerun: Rerun, swap: ModuleSwap, step: Step) -> Why | None:
    """Say whether a statement runs because it makes or fills an object that is filled anew."""
    unit = step.unit
    if unit.kind in ("import", "docstring"):
        return None
    if unit.kind == "assign" and isinstance(unit.value, ast.Call | ast.Attribute):
        for name in unit.binds:
            if constructed(rerun, swap.names, unit.node, swap.names.get(name)):
                continue  # ``app = FastAPI(lifespan=...)`` calls nothing of ours
            due = rerun.refill.factories.due(swap.entry.module, name, unit.node)
            if due:
                return due
    if not rerun.refill.due and not rerun.refill.touched:
        return None
    for name in unit.scan.binds:
        if (swap.name, name) in rerun.refill.due and step is maker_of(rerun, (swap.name, name)):
            return Why(Kind.FILLED_ANEW, name)
    for name, attribute in ((c[0], c[1]) for c in unit.scan.chains if len(c) > 1):
        if id(swap.names.get(name)) not in rerun.refill.touched:
            continue
        if (name, attribute) not in unit.scan.methods and name not in unit.scan.mutates:
            return Why(Kind.READS, f"{name}.{attribute}")
    for key in targets(rerun, swap, unit) & rerun.refill.due:
        if not only_state(rerun, unit, key):
            return Why(Kind.FILLS, key[1])
    return None


def call_again(rerun: Rerun, swap: ModuleSwap, step: Step, what: str) -> Why | None:
    """An expression statement calls a function that changed: it runs again only where its target is made anew."""
    unit = step.unit
    if swap.running and step.old is not None and step.old.end >= swap.running:
        return None  # ``asyncio.run(main())`` runs, or will: its frames are looked after, what they call next is new
    keys = [
        k
        for k in targets(rerun, swap, unit)
        if adapter_of(rerun, value_at(rerun, k)) is not None or rebuildable(rerun, k)
    ]
    if (swap.name, "__doc__") in targets(rerun, swap, unit) and not unit.scan.irrevocable:
        return Why(Kind.CALLS, what)  # it writes the module's docstring, which begins anew
    if not keys or unit.scan.irrevocable or _is_the_run(swap, step):
        rerun.notes.append(
            f"{swap.name}, line {unit.line}: `{unit.segment.strip().splitlines()[0]}` "
            f"was not run again although {what} changed: r + enter starts over"
        )
        return None
    for key in keys:
        schedule(rerun, key)
    return Why(Kind.CALLS, what)


def _is_the_run(swap: ModuleSwap, step: Step) -> bool:
    """Say whether a statement is the program's own run: what that has gathered is not made anew without it."""
    if swap.entry.module.__name__ == "__main__" and any(is_main_guard(g) for g, _ in step.guards):
        return True
    return bool(swap.running) and step.old is not None and step.old.end >= swap.running


def take_over(rerun: Rerun, swap: ModuleSwap, step: Step, why: Why) -> bool:
    """Run a statement that makes or fills an object that is filled anew; False when it is an ordinary one."""
    unit = step.unit
    if _make_anew(rerun, swap, step, why):
        return True
    ordinary = unit.kind in ("import", "docstring", "class") or step.situation in ("new", "branch")
    if not ordinary and why.does_again and _fill_again(rerun, swap, step):
        return True
    _note_ran(rerun, swap, unit)
    return False


def _make_anew(rerun: Rerun, swap: ModuleSwap, step: Step, why: Why) -> bool:
    """Run a statement that binds an app, or an object that is due; False when it binds none."""
    unit = step.unit
    for name in unit.scan.binds:
        key = (swap.name, name)
        old = swap.before.get(name, MISSING)
        refuse_fixed(rerun, old)
        if (
            unit.kind in ("assign", "def")
            and old is not MISSING
            and rerun.refill.factories.holds(old)
        ):
            if unit.kind == "def":
                _touched_by_def(rerun, swap, step)
            _make_registry(rerun, swap, step, key, old, why)
            return True
        if step is maker_of(rerun, key) and unit.kind == "assign":
            if key in rerun.refill.due or _remakes(rerun, swap, step, name, old):
                _make_side(rerun, swap, step, key, old, why)
                return True
    return False


def _fill_again(rerun: Rerun, swap: ModuleSwap, step: Step) -> bool:
    """Let what the statement fills begin anew, because it does again what it did; True when it need not run.

    Raises:
        Refused: What it did cannot be undone.
    """
    unit = step.unit
    if step.verdict == "keep" and unit.kind not in ("def", "assign", "expr"):
        refuse_fewer(rerun, swap, unit, runs_again=True)
    for key in targets(rerun, swap, unit):
        if adapter_of(rerun, value_at(rerun, key)) is not None:
            if unit.kind == "def":
                touch(rerun, key, swap, ran=unit)
            elif not only_state(rerun, unit, key):
                _begin_anew(rerun, swap, step, key)
            continue
        if key in rerun.refill.due or not unit.scan.hard or sets_anew(step):
            continue
        if unit.kind == "assign" and not unit.binds and step.verdict == "keep":
            continue
        if rebuildable(rerun, key):
            _begin_anew(rerun, swap, step, key)
        elif asked_for(rerun, key) and unit.kind != "assign":
            if step.verdict == "keep" and _reads_refilled(rerun, swap, unit):
                return True  # ``log.addHandler(handler)``: it has that very handler
            refuse_undoing(rerun, swap, unit, key, "runs again")
    return False


def _begin_anew(rerun: Rerun, swap: ModuleSwap, step: Step, key: Key) -> None:
    begins = key not in rerun.refill.due
    schedule(rerun, key)
    owner = rerun.swaps.get(key[0])
    if begins and key in rerun.refill.due and owner is not None:
        _forget_fillers(rerun, swap, step, key)
    if owner is not None and owner is not swap and owner.plan is None:
        make_now(rerun, owner, key)  # its turn as a follower comes when this statement has run
    _earlier(rerun, swap, step, key)


def _forget_fillers(rerun: Rerun, swap: ModuleSwap, step: Step, key: Key) -> None:
    """What ran before it was known that the object begins anew went into the old one: let it run once more.

    What the program had gathered there cannot be told any more from what these statements did.
    """
    registry = adapter_of(rerun, value_at(rerun, key)) is not None
    for other in swap.steps[: swap.steps.index(step)]:
        unit = other.unit
        if id(unit) not in swap.ran or other.is_guard:
            continue
        statement = unit.kind in ("assign", "expr", "for") and not unit.binds
        endpoint = registry and unit.kind == "def"
        if (statement or endpoint) and key in targets(rerun, swap, unit):
            del swap.ran[id(unit)]
            if key in rerun.refill.sides:
                rerun.refill.sides[key].was = MISSING


def _reads_refilled(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> bool:
    """Say whether all that changed for a statement are objects that are filled anew and stay the ones they are."""
    changed = unit.scan.reads & visible_dirty(rerun, swap)
    return bool(changed) and all((swap.name, name) in rerun.refill.sides for name in changed)


def refuse_fixed(rerun: Rerun, old: Any) -> None:
    """Refuse to make anew what its framework makes once only."""
    adapter = adapter_of(rerun, old) if old is not MISSING else None
    if adapter is not None and adapter.fixed(old):
        raise Refused(adapter.fixed(old))


def _earlier(rerun: Rerun, swap: ModuleSwap, step: Step, key: Key) -> None:
    """Run the fillers before `step` that were passed before it was known that the object is filled anew."""
    owner = rerun.swaps.get(key[0])
    if owner is not None and owner is not swap:
        for other in owner.steps:
            if _unfilled(rerun, owner, other, key):
                rerun.run_step(rerun, owner, other, Why(Kind.FILLS, key[1]))
    for other in swap.steps[: swap.steps.index(step)]:
        if _unfilled(rerun, swap, other, key):
            rerun.run_step(rerun, swap, other, Why(Kind.FILLS, key[1]))


def _unfilled(rerun: Rerun, owner: ModuleSwap, other: Step, key: Key) -> bool:
    return (
        not other.is_guard
        and id(other.unit) not in owner.ran
        and other.unit.kind not in ("import", "docstring")
        and any(
            not only_state(rerun, other.unit, k)
            for k in targets(rerun, owner, other.unit)
            if k == key or k in rerun.refill.due
        )
    )


def _note_ran(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    if unit.kind in ("def", "class"):
        for key in targets(rerun, swap, unit):
            registry = rerun.refill.touched.get(id(value_at(rerun, key)))
            if registry is not None:
                registry.ran.setdefault(swap.name, set()).add(unit.name)


def _touched_by_def(rerun: Rerun, swap: ModuleSwap, step: Step) -> None:
    for key in targets(rerun, swap, step.unit):
        if adapter_of(rerun, value_at(rerun, key)) is not None and key[1] != step.unit.name:
            touch(rerun, key, swap, ran=step.unit)


def _remakes(rerun: Rerun, swap: ModuleSwap, step: Step, name: str, old: Any) -> bool:
    """``x = Cls(...)`` runs again: what it makes goes into the old instance, so that those who hold it follow.

    So does what another call makes, and any list, dict or set, when the program has put something of its own there.
    """
    if old is MISSING:
        return False
    kind = type(old)
    if issubclass(kind, registries.CONTAINERS):
        return step.verdict != "run" and has_gathered(swap, name, old)
    if not isinstance(step.unit.value, ast.Call):
        return False
    if issubclass(kind, (type, ModuleType, FunctionType, BaseException)):
        return False
    if kind.__module__ not in rerun.tracker.loaded:
        return False
    return instance_dict(old) is not None or bool(slots_of(old))


def _make_side(rerun: Rerun, swap: ModuleSwap, step: Step, key: Key, old: Any, why: Why) -> None:
    name = key[1]
    execute(rerun, swap, step, why)
    new = swap.names.get(name, MISSING)
    if new is MISSING or old is MISSING or new is old:
        return
    state = instance_dict(new) or {}
    copied = {k: registries.shallow(v) for k, v in state.items()}
    inner = {k: remade.inside(v) for k, v in state.items()}
    was = MISSING if step.verdict == "run" else swap.entry.built.get(name, MISSING)
    edited = step.edited or why.kind is not Kind.FILLED_ANEW
    calls = (step.old.value if step.old is not None else None, step.unit.value)
    rerun.refill.sides[key] = Side(old, new, copied, inner, edited, calls, was)
    _exchange(rerun, old, new, but=swap)


def _make_registry(
    rerun: Rerun, swap: ModuleSwap, step: Step, key: Key, old: Any, why: Why
) -> None:
    name = key[1]
    if step.unit.kind == "assign":
        refused = rerun.refill.factories.refusal(swap.entry.module, name, step.unit.node)
        if refused:
            raise Refused(refused)
    registry = open_registry(rerun, key, old) if adapter_of(rerun, old) is not None else None
    execute(rerun, swap, step, why)
    new = swap.names.get(name, MISSING)
    if new is MISSING or new is old or type(new) is not type(old):
        return
    token = registry.token if registry is not None else None
    kept = adopt(rerun.refill.factories, old, new, rerun.journal, token)
    swap.names[name] = kept
    if kept is not new:
        rerun.graft.pairs.add(new, kept)
    if kept is old:
        swap.dirty.discard(name)
    if registry is not None:
        registry.replayed = True
        note_copied(rerun, registry)
    if key not in rerun.refill.due:
        rerun.refill.due.add(key)
        for module in importers(rerun, key):
            join(rerun, module)


def settle(rerun: Rerun) -> None:
    """Everything ran: put what was made on the side into the old objects, and let the adapters settle."""
    _put_sides_back(rerun)
    for adapter in rerun.refill.active:
        adapter.forget()
    redirect(rerun.graft, rerun.journal)
    if rerun.graft.changed.models:
        build_embedding(rerun.graft, [e.names for e in rerun.tracker.loaded.values()])
    records.settle_attributes(rerun)
    records.note_built(rerun)
    put_in_order(rerun)
    for registry in list(rerun.refill.touched.values()):
        for swap in list(rerun.swaps.values()):
            if registry.filled_by(swap):
                registry.adapter.settle(
                    registry.obj, registry.token, ran_facts(rerun, registry, swap)
                )
    for swap in rerun.edited:
        rerun.about_to_set(swap.name)
    rerun.changes += make_registered(rerun.refill.factories, rerun.journal)
    if any(swap.ran for swap in rerun.swaps.values()):
        rerun.names_changed()  # names mean old objects again
    _tell_adapters(rerun)


def _put_sides_back(rerun: Rerun) -> None:
    journal = rerun.journal
    if rerun.refill.sides:
        redirect(rerun.graft, journal)
    for key, side in rerun.refill.sides.items():
        new = rerun.swaps[key[0]].names.get(key[1], side.new)
        if type(new) is type(side.old) and instance_dict(new) is not None:
            rerun.graft.pairs.add(new, side.old)  # those made of one another find the old ones
    for key, side in rerun.refill.sides.items():
        swap, name = rerun.swaps[key[0]], key[1]
        new = swap.names.get(name, side.new)
        built = record(new, rerun.tracker.loaded)
        gathering = Gathering(journal, rerun.graft.pairs)
        if not remade.adopt(rerun, side, new, gathering):
            continue
        journal.setitem(swap.entry.built, name, as_of(built, side.old))
        rerun.refill.bound.discard(key)
        _exchange(rerun, new, side.old)
        rerun.graft.pairs.add(new, side.old)
        side.new = None
        swap.dirty.discard(name)
        kept = records.counted(gathering.kept)
        because = "its statements ran again, in place"
        change = Change("~", swap.entry.path, name, "refilled", because=because, kept=kept)
        rerun.changes.append(change)
        rerun.notes += [f"{name}[{lost}] is gone with its statement" for lost in gathering.lost]


def _exchange(rerun: Rerun, held: Any, instead: Any, *, but: ModuleSwap | None = None) -> None:
    """Let each module-level name that means one object mean another one; those of `but` stay."""
    for entry in rerun.tracker.loaded.values():
        if but is not None and entry.names is but.names:
            continue
        for name, value in list(entry.names.items()):
            if value is held:
                rerun.about_to_set(entry.name)
                rerun.journal.setitem(entry.names, name, instead)


def _tell_adapters(rerun: Rerun) -> None:
    """Let the adapters renew what frameworks derived from bodies, signatures and shapes that are others now."""
    journal, shaped = rerun.journal, rerun.graft.changed.shaped
    reshaped = [*shaped, *rerun.graft.changed.resigned]
    live: dict[int, tuple[Adapter, list[Any]]] = {}
    for value, adapter in live_registries(rerun) if rerun.refill.active else ():
        live.setdefault(id(adapter), (adapter, []))[1].append(value)
    for adapter, values in live.values():
        adapter.patched(values, rerun.refill.replaced, journal)
        if reshaped:
            adapter.reshaped(values, reshaped, journal, rerun.graft.fresh.keys())
    changed = {s.name for s in rerun.swaps.values() if s.ran or s.dirty or s.deleted}
    for adapter in rerun.refill.active:
        if shaped:
            adapter.class_changed(shaped)
        adapter.finished(changed, journal)

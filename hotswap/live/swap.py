"""One batch is one transaction: planned whole, carried out whole, verified, or rolled back whole."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotswap import hooks
from hotswap.live import instances, patch, running
from hotswap.live.adapters.base import Refused
from hotswap.live.bodies import code_registries_follow, put_bodies
from hotswap.live.conformer import FITTED
from hotswap.live.dependents import running_code
from hotswap.live.functions import Graft
from hotswap.live.journal import Journal
from hotswap.live.kept import changed_classes, with_kept
from hotswap.live.ledger import show_running, write_ledger
from hotswap.live.looking import owner_of
from hotswap.live.modules import delete_modules, imports_as_they_are, move_files
from hotswap.live.moved import cut_and_pasted, homes, pair_moved, texts_of
from hotswap.live.naming import Names
from hotswap.live.outcomes import (
    faulted,
    hook_fault,
    needs_exec,
    our_fault,
    statement_fault,
    unparsable,
)
from hotswap.live.planning import Faulted, Planned, plan_batch, reason_of
from hotswap.live.rehash import HASHING, hashing, rehash
from hotswap.live.rerun.changed import visible_dirty
from hotswap.live.rerun.followers import module_gone
from hotswap.live.rerun.frameworks import refuse_bodies
from hotswap.live.rerun.startup import startup_notes
from hotswap.live.rerun.state import StatementRaised
from hotswap.live.rerun.turns import begin, run, would_run
from hotswap.live.successors import refuse_orphans
from hotswap.live.suspects import look, look_again, note_relics
from hotswap.live.verify import normalise, stale_rows, still_living
from hotswap.live.why import Kind
from hotswap.source import codes
from hotswap.source.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import CodeType, FunctionType
    from weakref import ref

    from hotswap.live.batch import Batch
    from hotswap.live.moved import Moves
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.live.tracker import Tracker
    from hotswap.source.model import Rung, Stale


UNPLANNED: Final = (Faulted, SyntaxError, Refused)
"""What planning raises."""


@dataclass(slots=True, eq=False)
class Swap:
    """One batch while it is carried out."""

    tracker: Tracker
    batch: Batch
    pin: frozenset[str] = frozenset()
    """Modules, and packages with all that is in them, that must not be re-executed."""
    live_loops: bool = True
    reenter: Callable[[Any], bool] | None = None
    told: Callable[[str, Journal], None] | None = None
    planned: Planned = field(default_factory=Planned)
    journal: Journal = field(default_factory=Journal)
    followed: running.Followed | None = None
    """Suspended frames that took, or could not take, their new bodies."""
    made: list[CodeType] = field(default_factory=list)
    """Code objects beside the whole-file compiles that went into functions: of statements run alone, forwarding."""
    former: dict[str, CodeType | None] = field(default_factory=dict)
    """Module name -> the compile that ran when the swap began."""
    bodies_before: dict[int, CodeType] = field(default_factory=dict)
    """id(function) -> the code it ran, of each function whose own bytecode changed."""
    touched: Collection[ModuleSwap] = ()
    """The modules of the swap: the edited ones and those that followed."""
    notes: list[str] = field(default_factory=list)
    stale: list[Stale] = field(default_factory=list)
    suspected: list[tuple[ref[FunctionType], Stale]] = field(default_factory=list)
    """Functions that run what is no longer written, unless nobody but the journal holds them."""

    def about_to_set(self, module: str) -> None:
        """Tell that statements may set values in a module."""
        if self.told is not None:
            self.told(module, self.journal)

    def prepare(self, code: CodeType) -> CodeType:
        """Make a code object ready to go into a function, and remember it."""
        prepared = self.tracker.prepared(code)
        self.made.append(prepared)
        return prepared

    def pinned(self, name: str) -> bool:
        """Say whether a module must not be re-executed."""
        return any(name == p or name.startswith(p + ".") for p in self.pin)


def explain(swap: Swap) -> Outcome:
    """Plan, and change nothing."""
    try:
        rung = plan_batch(swap.tracker, swap.batch, swap.pinned, swap.planned)
        rung = _foresee(swap, rung)
    except UNPLANNED as error:
        return _not_planned(swap, error)
    finally:
        swap.journal.roll_back()
        show_running(swap.batch)
    return Outcome(
        ok=True,
        rung=rung,
        files=tuple(swap.batch.paths),
        changes=tuple(swap.planned.changes),
        reason=swap.planned.reason,
    )


def _foresee(swap: Swap, rung: Rung) -> Rung:
    """Climb as far as running would, as far as that can be told without running anything."""
    if rung != "noop":
        rerun = _begin(swap, Graft(swap.journal, swap.planned.texts, swap.prepare))
        refuse_bodies(rerun, swap.planned.replaced)
        why = would_run(rerun)
        if why and rung == "patch":
            swap.planned.reason = str(why)
            return "reexec"
    return rung


def _not_planned(swap: Swap, error: Faulted | SyntaxError | Refused) -> Outcome:
    """Say why there is no plan."""
    if isinstance(error, Refused):
        return needs_exec(swap.batch, swap.planned.changes, str(error))
    fault = error.fault if isinstance(error, Faulted) else unparsable(swap.batch, error)
    return faulted(swap.batch, fault, None)


def _begin(swap: Swap, graft: Graft) -> Rerun:
    return begin(
        swap.tracker,
        swap.journal,
        graft,
        swap.planned.modules,
        swap.planned.own_changed,
        pinned=swap.pinned,
        outside=swap.batch.outside,
        about_to_set=swap.about_to_set,
    )


def carry_out(swap: Swap) -> Outcome:
    """Plan, swap, verify, commit; or roll everything back."""
    try:
        return _carry_out(swap)
    finally:
        note_relics(swap)
        for text in (*swap.planned.texts.values(), *swap.planned.former):
            text.forget()


def _carry_out(swap: Swap) -> Outcome:
    try:
        rung = plan_batch(swap.tracker, swap.batch, swap.pinned, swap.planned)
    except UNPLANNED as error:
        return _not_planned(swap, error)
    if not swap.batch.paths:
        return Outcome(ok=True, rung="noop", files=(), reason="nothing differs from what runs")
    try:
        rung = _swap_in(swap, rung)
    except Refused as refusal:
        swap.journal.roll_back()
        return needs_exec(swap.batch, swap.planned.changes, str(refusal))
    except StatementRaised as raised:
        swap.journal.roll_back()
        return faulted(swap.batch, statement_fault(swap.tracker, swap.planned.texts, raised), rung)
    except instances.HookRaised as raised:
        swap.journal.roll_back()
        fault = hook_fault(swap.tracker, swap.planned.texts, raised)
        return faulted(swap.batch, fault, rung)
    except (KeyboardInterrupt, SystemExit):
        swap.journal.roll_back()
        raise
    except Exception as error:  # noqa: BLE001 - our own mistake must not take the user's program down
        swap.journal.roll_back()
        return faulted(swap.batch, our_fault(error), rung)
    swap.journal.commit()
    swap.stale += still_living(swap.suspected)
    write_ledger(swap.tracker, swap.batch, swap.planned)
    rung = _with_outside(swap, rung)
    if swap.followed is not None:
        stale, notes = swap.followed.finish(swap.reenter)
        swap.stale += stale
        swap.notes += notes
    return Outcome(
        ok=True,
        rung=rung,
        files=tuple(swap.batch.paths),
        changes=tuple(swap.planned.changes),
        stale=tuple(swap.stale),
        reason=swap.planned.reason,
        notes=tuple(dict.fromkeys(swap.notes)),
    )


def _with_outside(swap: Swap, rung: Rung) -> Rung:
    """Say what became another one outside the source with the batch; give the rung that this comes to."""
    outside = swap.batch.outside
    if not outside.variables and not outside.objects:
        return rung
    kinds = dict.fromkeys(type(one).__qualname__ for one in outside.objects)
    swap.notes += [f"{kind} refreshed in place" for kind in kinds]
    if rung != "noop":
        return rung
    names = ", ".join(sorted(outside.variables)) or "settings"
    swap.planned.reason = f"{names} changed in {os.path.basename(outside.path)}"
    return "reexec"


def _swap_in(swap: Swap, rung: Rung) -> Rung:
    importlib.invalidate_caches()
    swap.journal.undo(imports_as_they_are(swap.tracker))
    graft = Graft(swap.journal, swap.planned.texts, swap.prepare)
    graft.told.codes_before = swap.bodies_before
    graft.compiled = swap.planned.compiled
    rerun, ran = None, False
    swap.touched = swap.planned.modules
    swap.former = {module.name: module.entry.code for module in swap.touched}
    if _may_rerun(swap, rung):
        rerun = _begin(swap, graft)
        swap.touched = rerun.swaps.values()
        refuse_bodies(rerun, swap.planned.replaced)
    if rung == "reexec":
        _dispose(swap.planned.modules)
    files = {m.entry.filename for m in swap.planned.modules}
    classes = changed_classes(swap.planned.changes, swap.planned.modules)
    living = patch.instances_of(frozenset(classes.values()))
    swap.planned.changes = with_kept(swap.planned.changes, classes, living)
    del living  # the report needs their number only
    heap = look(swap, files)
    swap.notes += put_bodies(swap.tracker, swap.planned, heap, swap.journal, swap.bodies_before)
    move_files(swap.batch, swap.journal)
    if rerun is not None:
        ran = _run_statements(swap, rerun, heap)
        rung = _rung_of(swap, rerun, rung, ran=ran)
        if ran:
            heap = look_again(swap, rerun, files, heap)
            followers = [s.entry for s in rerun.swaps.values() if s.plan is None and s.ran_names]
            wholes = {e.filename: running_code(e) for e in followers} | swap.planned.compiled
            normalise(heap, wholes, FITTED, swap.journal)
    known = rerun.dependents.names if rerun is not None and not ran else None
    names = known or Names(swap.tracker.loaded)
    code_registries_follow(names, swap.planned, swap.journal)
    _fill_instances(swap, graft)
    _hash_again(swap, graft)
    paths = {m.text.filename: m.entry.path for m in swap.planned.modules}
    swap.suspected = stale_rows(
        heap,
        swap.planned.compiled,
        paths,
        FITTED,
        graft.changed.forwarding | graft.changed.abandoned,
    )
    _move_frames(swap, heap, rerun.moves if rerun is not None else [])
    return rung


def _run_statements(swap: Swap, rerun: Rerun, heap: patch.Heap) -> bool:
    """Run what has to run again, after the modules that are gone have left; say whether anything ran."""
    delete_modules(swap.tracker, swap.batch, swap.journal)
    for entry in swap.batch.deleted:
        module_gone(rerun, entry)
    swap.notes += instances.give(_gains(swap, patched=True), swap.journal)
    run(rerun)
    refuse_orphans(rerun.graft)
    swap.notes += rerun.notes + rerun.graft.notes
    changed = {
        id(s.names): visible_dirty(rerun, s) | s.tainted | s.readers for s in rerun.swaps.values()
    }
    swap.notes += startup_notes(rerun, heap.frames)
    memos = patch.clear_memos(heap, changed)
    swap.notes += [f"lru_cache of {name} cleared" for name in dict.fromkeys(memos)]
    swap.planned.changes += rerun.changes
    return bool(_remade(rerun)) or any(s.ran or s.deleted for s in rerun.swaps.values())


def _remade(rerun: Rerun) -> list[str]:
    return [c.because for c in rerun.changes if c.what in ("re-run", "order")]


def _rung_of(swap: Swap, rerun: Rerun, planned: Rung, *, ran: bool) -> Rung:
    """Give the rung that a batch came to, and its reason: more may have run than was planned, or nothing."""
    if planned in ("noop", "patch") and ran:
        reasons = [
            w for s in rerun.swaps.values() for w in s.ran.values() if w.kind is not Kind.EDITED
        ]
        words = dict.fromkeys(map(str, reasons or _remade(rerun)))
        swap.planned.reason = "; ".join(list(words)[:3])
        return "reexec"
    refill = rerun.refill
    if planned == "reexec" and not (
        ran or swap.batch.deleted or refill.touched or refill.taken_back
    ):
        rung: Rung = "patch" if any(swap.planned.own_changed.values()) else "noop"
        swap.planned.reason = reason_of(rung, [], swap.planned.changes)
        return rung
    return planned


def _may_rerun(swap: Swap, rung: Rung) -> bool:
    """Say whether any statement may have to run, be it only because it calls what changed."""
    planned, outside = swap.planned, swap.batch.outside
    return (
        rung == "reexec"
        or bool(outside.variables or outside.objects)
        or any(planned.own_changed.values())
        or any(s.verdict == "docstring" for m in planned.modules for s in m.steps)
        or rung == "patch"
    )


def _dispose(modules: list[ModuleSwap]) -> None:
    """Call what the app registered with `hotswap.dispose`, of modules whose statements will run."""
    for module in modules:
        if any(s.verdict == "run" for s in module.steps) or (module.plan and module.plan.removed):
            for function in list(hooks.runtime.disposers.get(module.entry.name, ())):
                try:
                    hooks.call(function)
                except Exception as error:
                    raise instances.HookRaised("dispose hook", function, error) from error


def _fill_instances(swap: Swap, graft: Graft) -> None:
    """Give live instances what the new `__init__` of their class assigns."""
    notes, stale = instances.fill(_gains(swap), swap.journal, set(graft.changed.shaped))
    swap.notes += notes
    swap.stale += stale


def _gains(swap: Swap, *, patched: bool = False) -> list[instances.Gained]:
    """Give what the `__init__` of each edited class assigns now and did not; of those that are only `patched`."""
    found = []
    for module in swap.planned.modules:
        for step in module.steps:
            if (
                step.unit.kind == "class"
                and (step.verdict == "code" if patched else step.verdict != "keep")
                and step.old is not None
                and step.old.kind == "class"
            ):
                cls = module.names.get(step.unit.name)
                if isinstance(cls, type):
                    swap.about_to_set(module.name)
                    found += instances.gained(step.old, step.unit, cls, module.entry.path)
    return found


def _hash_again(swap: Swap, graft: Graft) -> None:
    """Let dicts and sets find the instances of classes that hash, or compare, otherwise now."""
    classes: set[object] = set(graft.changed.shaped)
    for module in swap.planned.modules:
        for name in swap.planned.own_changed.get(module.name, ()):
            if name.rpartition(".")[2] in HASHING:
                classes.add(owner_of(module.names, name))
    hashed = hashing(classes)
    if hashed:
        swap.journal.on_commit(lambda: rehash(hashed))


def _move_frames(swap: Swap, heap: patch.Heap, moves: Moves) -> None:
    """Let suspended frames take the new bodies, last of all; see what still executes the old ones."""
    gone = swap.batch.deleted
    # the module of a renamed file has left the tracker already, and its frames wait still
    loaded = {entry.name: entry for entry in gone} | swap.tracker.loaded
    created = frozenset(map(os.path.realpath, swap.batch.created))
    moves = [*moves, *cut_and_pasted(swap.touched, created, loaded, moves)]
    pair_moved(moves, loaded, swap.planned)
    texts = {name: (data, data) for name, data in texts_of(moves, loaded)}
    texts |= {entry.filename: (entry.data, entry.data) for entry in gone}
    for module in swap.planned.modules:
        pair = (module.entry.data, module.text.data)
        for name in (module.entry.filename, module.entry.path, module.text.filename):
            texts[name] = pair
    current: dict[str, list[CodeType]] = {entry.filename: [] for entry in gone}
    current |= {name: list(codes.walk(code)) for name, code in swap.planned.compiled.items()}
    swap.followed = running.follow(
        heap.frames,
        swap.planned.pairs,
        texts,
        current,
        swap.journal,
        homes=homes(loaded),
        enabled=swap.live_loops,
    )

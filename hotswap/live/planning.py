"""A batch becomes a plan: parsed, compared and judged whole, before anything is touched."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Refused
from hotswap.live.batch import could_be
from hotswap.live.dependents import running_code
from hotswap.live.foreseeing import refuse_classes
from hotswap.live.rerun.branches import judge_by
from hotswap.live.rerun.state import ModuleSwap
from hotswap.source import codes
from hotswap.source.graph import imports_of
from hotswap.source.model import Change, highest
from hotswap.source.plan import plan_module
from hotswap.source.sharing import share
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import CodeType

    from hotswap.live.batch import Batch, Edit
    from hotswap.live.loaded import Loaded
    from hotswap.live.tracker import Tracker
    from hotswap.source.model import Fault, Rung
    from hotswap.source.plan import ModulePlan


class Faulted(Exception):
    """A file of the batch cannot be read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(eq=False)
class Planned:
    """What the edits of a batch come to."""

    texts: dict[str, Text] = field(default_factory=dict)
    """By `co_filename`: the new sources."""
    former: list[Text] = field(default_factory=list)
    """The sources that ran."""
    modules: list[ModuleSwap] = field(default_factory=list)
    compiled: dict[str, CodeType] = field(default_factory=dict)
    """By `co_filename`: the new whole-file compiles, as they go into live functions."""
    pairs: codes.CodePairs = field(default_factory=codes.CodePairs)
    """Code that runs -> the code that takes its place."""
    superseded: list[CodeType] = field(default_factory=list)
    """Code of the running compiles that is not part of the new ones."""
    own_changed: dict[str, set[str]] = field(default_factory=dict)
    """Module name -> qualnames of functions whose own bytecode changed."""
    class_bodies: list[tuple[Loaded, CodeType, CodeType]] = field(default_factory=list)
    noted: dict[str, tuple[dict[str, set[int]], dict[str, set[int]]]] = field(default_factory=dict)
    """Module name -> lines that had read each data file, lines that had asked for each missing module."""
    changes: list[Change] = field(default_factory=list)
    reason: str = ""
    replaced: codes.CodePairs = field(default_factory=codes.CodePairs)
    """Those of `pairs` whose own bytecode changed."""


def plan_batch(
    tracker: Tracker, batch: Batch, pinned: Callable[[str], bool], planned: Planned
) -> Rung:
    """Plan all modules of a batch into `planned`; give the rung that its edits need by themselves.

    Raises:
        Faulted: A file cannot be read.
        SyntaxError: A new source cannot be parsed.
        Refused: Only a fresh process can carry the edits out.
    """
    if batch.faults:
        raise Faulted(batch.faults[0])
    for path in batch.created:
        if any(could_be(n, path) for e in tracker.loaded.values() for n in e.missing):
            with open(path, "rb") as file:
                text = Text(path, file.read())
            planned.texts[path] = text
            compile(text.data, path, "exec", dont_inherit=True)
    for edit in batch.edits:
        text = Text(edit.filename or edit.entry.filename, edit.data)
        try:
            text.check()
        except SyntaxError as error:
            error.filename = error.filename or text.filename
            raise
        planned.texts[text.filename] = text
    rungs: list[Rung] = ["noop"]
    reasons: list[str] = []
    for edit in batch.edits:
        swap = _plan_module(tracker, edit, planned)
        planned.modules.append(swap)
        plan = swap.plan
        assert plan is not None
        rungs.append(plan.rung)
        planned.changes += plan.changes
        if plan.refusal:
            raise Refused(plan.refusal)
        edited = [s for s in swap.steps if s.edited]
        reasons += [s.situation for s in edited if s.verdict in ("run", "annotation")]
        refuse_classes(swap)
        if any(s.verdict == "run" for s in edited) and pinned(swap.name):
            raise Refused(f"{swap.name} is pinned, and more than function bodies changed in it")
    if batch.deleted:
        rungs.append("reexec")
        for entry in batch.deleted:
            planned.changes.append(Change("-", entry.path, entry.name, "module removed"))
    rung = highest(*rungs)
    planned.reason = reason_of(rung, reasons, planned.changes)
    if rung == "noop" and any(m.plan is not None and m.plan.idle for m in planned.modules):
        planned.reason = "what changed is in a branch that is not taken"
    return rung


def _plan_module(tracker: Tracker, edit: Edit, planned: Planned) -> ModuleSwap:
    entry = edit.entry
    new = planned.texts[edit.filename or entry.filename]
    old = Text(entry.filename, entry.data)
    planned.former.append(old)
    share(old, new)
    package = entry.names.get("__package__")
    overlay = {
        **imported_values(old, new, package if isinstance(package, str) else ""),
        **literal_values(old, new),
    }
    plan = plan_module(old, new, judge_by(entry.names), judge_by(entry.names, overlay))
    _read_again(plan, edit)
    lines = {
        step.old.line: step.unit.line
        for step in plan.steps
        if step.old is not None and step.unit.kind == step.old.kind == "def"
    }
    changed = _pair_codes(tracker, entry, new, planned, lines)
    for step in plan.steps:
        if step.situation == "lambda bodies":
            changed.update(step.unit.binds)
    changed.discard("<lambda>")
    plan.changes[:] = _innermost(plan.changes, changed)
    planned.own_changed[entry.name] = changed
    if changed:
        plan.rung = highest(plan.rung, "patch")
    planned.noted[entry.name] = (
        {k: set(v) for k, v in entry.opened.items()},
        {k: set(v) for k, v in entry.missing.items()},
    )
    return ModuleSwap(entry, new, plan, plan.steps, entry.names, dict(entry.names))


def _read_again(plan: ModulePlan, edit: Edit) -> None:
    """Let the statements run again that read a data file which changed, or asked for a module that is there now."""
    for step in plan.steps:
        was = step.old
        if was is None or step.is_guard or step.verdict == "run":
            continue
        if any(was.line <= n <= was.end for n in edit.old_lines):
            step.verdict, step.situation = "run", "data"
            plan.rung = "reexec"
            label, line = step.unit.label, step.unit.line
            plan.changes.append(
                Change("~", edit.entry.path, label, "re-run", because=edit.because, line=line)
            )


def _pair_codes(
    tracker: Tracker, entry: Loaded, new: Text, planned: Planned, lines: Mapping[int, int]
) -> set[str]:
    """Pair the code that runs with the compile of the new source; give the functions whose own bytecode differs."""
    before, after = running_code(entry), tracker.prepared(new.code)
    if entry.exact and entry.filename == new.filename:
        after = codes.reuse(before, after)
    if entry.exact:
        current = set(map(id, codes.walk(after)))
        planned.superseded += [code for code in codes.walk(before) if id(code) not in current]
    planned.compiled[new.filename] = after
    changed: set[str] = set()
    for one, other in codes.pair(before, after, lines):
        differs = False
        if one is not other and one != other:
            differs = codes.own(one) != codes.own(other)
            planned.pairs[one] = other
            if differs:
                planned.replaced[one] = other
            else:  # an equal one before it may have differed
                planned.replaced.pop(one, None)
        if codes.is_class_body(one):
            planned.class_bodies.append((entry, one, other))
        elif differs:
            changed.add(other.co_qualname.split(".<locals>.<")[0])
    return changed


def _innermost(changes: Iterable[Change], changed: Iterable[str]) -> list[Change]:
    """Name the nested functions whose bodies changed, where the one around them did not."""
    found: list[Change] = []
    names = sorted(changed)
    for change in changes:
        inner = [n for n in names if n.startswith(f"{change.name}.<locals>.")]
        if change.what != "body" or change.name in names or not inner:
            found.append(change)
            continue
        found += [replace(change, name=name.replace(".<locals>", "")) for name in inner]
    return found


def imported_values(old: Text, new: Text, package: str) -> dict[str, Any]:
    """Give the names that the edit imports anew from modules that are loaded: `TYPE_CHECKING`, `sys`."""
    found: dict[str, Any] = {}
    known = {u.fingerprint for u in old.units if u.kind == "import"}
    for unit in new.units:
        if unit.kind == "import" and unit.fingerprint not in known:
            for edge in imports_of(unit, package):
                module = sys.modules.get(edge.module)
                if module is None or not edge.local:
                    continue
                if edge.name is None:
                    found[edge.local] = module
                elif edge.name in module.__dict__:
                    found[edge.local] = module.__dict__[edge.name]
    return found


def literal_values(old: Text, new: Text) -> dict[str, Any]:
    """Give the names that the edit binds to another literal: an ``if`` that tests them goes the new way."""
    found: dict[str, Any] = {}
    before = [u for u in old.units if u.kind == "assign"]
    written = {u.segment for u in before}
    for unit in new.units:
        if (
            unit.kind == "assign"
            and unit.segment not in written
            and len(unit.binds) == 1
            and unit.value is not None
            and not any(u.fingerprint == unit.fingerprint for u in before)
        ):
            try:
                found[unit.binds[0]] = ast.literal_eval(unit.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
    return found


def reason_of(rung: Rung, situations: list[str], changes: list[Change]) -> str:
    """Say in one line why the batch had to climb this far."""
    if rung == "noop":
        return "only comments, blank lines or positions changed"
    if rung == "patch":
        names = [c.name for c in changes]
        return (
            f"only bodies changed: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
            if names
            else "only bodies changed"
        )
    changed = [kind for kind in dict.fromkeys(situations) if kind != "new"]
    said = [f"{', '.join(changed)} changed"] if changed else []
    if "new" in situations:
        said.append("new statements")
    return ", ".join(said) or "statements were moved or removed"

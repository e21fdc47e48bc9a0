"""The decision table: what each edited statement needs, and why.

Pure: two sources in, steps out. Which branch of an ``if`` the module really took is asked of the caller, who knows the
live names. What dependents need is decided while statements run (live/rerun/), because equal values end a chain.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from hotswap.source.diff import (
    ClassDelta,
    Match,
    annotation_only,
    compare_classes,
    match,
    same_function,
    what_changed,
)
from hotswap.source.guards import Judge, flatten
from hotswap.source.model import Change, Rung, highest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap.source.units import Text, Unit

Verdict = Literal["keep", "code", "run", "docstring", "annotation"]


@dataclass(slots=True, eq=False)
class Step:
    """One statement of the new source and what it needs. Each is itself: lists of them are searched often."""

    unit: Unit
    old: Unit | None
    verdict: Verdict
    situation: str = ""
    guards: tuple[tuple[Unit, bool], ...] = ()
    """The ``if`` statements it stands in, and which branch of each."""
    moved: bool = False
    delta: ClassDelta | None = None
    is_guard: bool = False
    """It is an ``if`` whose branch was judged: its statements follow as steps of their own."""
    way: bool | None = None
    """Which branch of it."""

    @property
    def edited(self) -> bool:
        """The statement itself is new or differs."""
        return self.verdict != "keep"


@dataclass(slots=True)
class ModulePlan:
    """What one module needs."""

    steps: list[Step]
    removed: list[Unit]
    before: list[Unit]
    """The old statements that really ran, blocks looked through."""
    rung: Rung = "noop"
    refusal: str = ""
    """Why only a fresh process can take the edit."""
    changes: list[Change] = field(default_factory=list)
    idle: bool = False
    """Nothing has to be done, and yet the programs differ: in a branch that is not taken."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the first whose `when` holds decides."""

    situation: str
    when: Callable[[Match], bool]
    verdict: Verdict
    rung: Rung
    reason: str


def _both(m: Match, kind: str) -> bool:
    return m.old is not None and m.new is not None and m.old.kind == m.new.kind == kind


def _code_only_class(m: Match) -> bool:
    assert m.old is not None
    assert m.new is not None
    return compare_classes(m.old, m.new).code_only


def _code_only_block(m: Match) -> bool:
    return (
        m.old is not None
        and m.new is not None
        and m.old.kind == m.new.kind
        and m.new.kind in ("if", "try", "with", "for", "other")
        and m.old.skeleton == m.new.skeleton
    )


def _lambda_only(m: Match) -> bool:
    """An assignment in which only the bodies of lambdas differ: their code objects are swapped like any other."""
    assert m.old is not None
    assert m.new is not None
    return m.old.hollow == m.new.hollow


def _annotation_only(m: Match) -> bool:
    assert m.old is not None
    assert m.new is not None
    return annotation_only(m.old, m.new)


TABLE: Final[tuple[Row, ...]] = (
    Row("unchanged", lambda m: m.status == "same", "keep", "noop", "only lines moved"),
    Row(
        "function body",
        lambda m: _both(m, "def") and same_function(m.old, m.new),  # type: ignore[arg-type]
        "code",
        "patch",
        "only function bodies changed",
    ),
    Row(
        "method bodies",
        lambda m: _both(m, "class") and _code_only_class(m),
        "code",
        "patch",
        "only method bodies changed",
    ),
    Row("bodies inside a block", _code_only_block, "code", "patch", "only function bodies changed"),
    Row(
        "lambda bodies",
        lambda m: _both(m, "assign") and _lambda_only(m),
        "code",
        "patch",
        "only lambda bodies changed",
    ),
    Row(
        "annotation",
        lambda m: _both(m, "assign") and _annotation_only(m),
        "annotation",
        "reexec",
        "only the annotation of a module-level value changed",
    ),
    Row(
        "module docstring",
        lambda m: m.new is not None and m.new.kind == "docstring",
        "docstring",
        "reexec",
        "the module's docstring changed",
    ),
    Row("new", lambda m: m.status == "added", "run", "reexec", "a statement is new"),
    Row(
        "signature", lambda m: _both(m, "def"), "run", "reexec", "a signature or decorator changed"
    ),
    Row(
        "class structure",
        lambda m: _both(m, "class"),
        "run",
        "reexec",
        "a class changed its members",
    ),
    Row("value", lambda m: _both(m, "assign"), "run", "reexec", "a module-level value changed"),
    Row("import", lambda m: _both(m, "import"), "run", "reexec", "an import changed"),
    Row(
        "statement",
        lambda m: m.new is not None,
        "run",
        "reexec",
        "a module-level statement changed",
    ),
)
"""Removed statements are not here: they always mean ``reexec``, or ``exec`` when their effect cannot be undone."""


def plan_module(old: Text, new: Text, judge_old: Judge, judge_new: Judge) -> ModulePlan:
    """Decide what each statement of `new` needs, given that `old` runs."""
    ran = flatten(old.units, judge_old)
    before = [u for u, _, way in ran if way is None]
    taken = {id(u): [way for _, way in g] for u, g, _ in ran if g}
    after = flatten(new.units, judge_new)
    guards_of = {id(u): g for u, g, _ in after}
    guard_at = [(i, u, way) for i, (u, _, way) in enumerate(after) if way is not None]
    matches = match(before, [u for u, _, way in after if way is None])
    steps: list[Step] = []
    plan = ModulePlan(
        steps, [m.old for m in matches if m.new is None and m.old is not None], before
    )
    displaced = _displaced(before, matches)
    toggled = old.future != new.future
    for m in matches:
        if m.new is None:
            continue
        row = next(r for r in TABLE if r.when(m))
        step = Step(
            m.new, m.old, row.verdict, row.situation, guards_of[id(m.new)], id(m.new) in displaced
        )
        if (
            toggled
            and m.new.kind in ("def", "class")
            and step.verdict in ("keep", "code")
            and _annotated(m.new)
        ):
            step.verdict, step.situation = "run", "annotations"
        elif toggled and step.verdict == "keep" and isinstance(m.new.node, ast.AnnAssign):
            step.verdict = "annotation" if m.new.annotated else "run"
            step.situation = "annotations"
        if _other_branch(m, taken, step):
            step.verdict, step.situation = "run", "branch"
        if m.old is not None and m.new.kind == "class" and step.verdict != "keep":
            step.delta = compare_classes(m.old, m.new)
        steps.append(step)
        if step.verdict == "code" and step.delta is not None and not step.delta.changed:
            continue  # methods changed places, nothing else did
        if step.verdict != "keep":
            plan.rung = highest(plan.rung, row.rung if step.verdict != "run" else "reexec")
        if (
            step.moved
            and m.new.kind not in ("class", "import", "docstring")
            and _order_counts(m.new)
        ):
            plan.rung = highest(plan.rung, "reexec")
    if plan.removed:
        plan.rung = highest(plan.rung, "reexec")
    for index, unit, way in guard_at:
        steps.insert(
            index, Step(unit, None, "keep", "guard", guards_of[id(unit)], is_guard=True, way=way)
        )
    plan.refusal = _refusal(old, new, plan)
    plan.changes = changes(plan, new.filename)
    plan.idle = plan.rung == "noop" and _differ(old.units, new.units)
    return plan


def _other_branch(m: Match, taken: dict[int, list[bool]], step: Step) -> bool:
    """Say whether a definition stands in another branch than the one of its name that ran.

    Its body goes into live functions by its place among those of its name, which both branches have.
    """
    ways = [way for _, way in step.guards]
    return (
        m.new is not None
        and m.new.kind in ("def", "class")
        and bool(ways)
        and taken.get(id(m.old), ways) != ways
    )


def _differ(old: Sequence[Unit], new: Sequence[Unit]) -> bool:
    """Say whether two programs differ in more than comments and positions."""
    return len(old) != len(new) or any(
        a.segment != b.segment and a.fingerprint != b.fingerprint
        for a, b in zip(old, new, strict=True)
    )


def _displaced(before: Sequence[Unit], matches: Sequence[Match]) -> set[int]:
    """Give ids of new units that changed their place among the others: all but a longest run that kept its order."""
    place = {id(u): i for i, u in enumerate(before)}
    pairs = [(place[id(m.old)], m.new) for m in matches if m.old is not None and m.new is not None]
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (old, _) in enumerate(pairs):
        at = bisect_left(tails, old)
        previous.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(old)
            ends.append(index)
        else:
            tails[at], ends[at] = old, index
    kept = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        kept.add(index)
        index = previous[index]
    return {id(new) for i, (_, new) in enumerate(pairs) if i not in kept}


def _annotated(unit: Unit) -> bool:
    return any(
        isinstance(n, (ast.arg, ast.AnnAssign)) and n.annotation for n in ast.walk(unit.node)
    ) or any(
        isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.returns
        for n in ast.walk(unit.node)
    )


def _order_counts(unit: Unit) -> bool:
    if unit.kind == "def":
        return bool(unit.impure_decorators)
    return True


def _refusal(old: Text, new: Text, plan: ModulePlan) -> str:
    import __future__

    if (
        old.flags ^ new.flags
    ) & __future__.barry_as_FLUFL.compiler_flag:  # the others are part of Python 3
        return "a `from __future__` import changed"
    for unit in plan.removed:
        if unit.scan.irrevocable:
            what = unit.scan.irrevocable
            return f"line {unit.line} {what} and was changed or removed: only a fresh process undoes that"
    for step in plan.steps:
        if step.verdict == "run" and step.unit.kind == "assign" and step.old is not None:
            for other in plan.steps:
                used = other.unit.scan.hard & set(step.unit.binds)
                if used and other.unit.scan.irrevocable and not other.is_guard:
                    what = other.unit.scan.irrevocable
                    line = other.unit.line
                    return f"{min(used)} changed, and line {line} {what} with it: only a fresh process undoes that"
        if step.verdict == "run" and step.old is not None:
            effect = step.old.scan.irrevocable
            if effect and not (step.old.scan.overwrites and step.unit.scan.overwrites):
                return f"line {step.unit.line} {effect} and was changed: only a fresh process undoes that"
    return ""


def changes(plan: ModulePlan, path: str) -> list[Change]:
    """Name what was edited, definition by definition."""
    rows: list[Change] = []
    for step in plan.steps:
        unit = step.unit
        if step.verdict == "keep":
            if (
                step.moved
                and unit.kind not in ("class", "import", "docstring")
                and _order_counts(unit)
            ):
                rows.append(Change("~", path, unit.label, "moved", line=unit.line))
            continue
        if step.old is None:
            rows.append(Change("+", path, unit.label, "new", line=unit.line))
        elif unit.kind == "def":
            what = (
                "annotations" if step.situation == "annotations" else what_changed(step.old, unit)
            )
            rows.append(Change("~", path, unit.label, what, line=unit.line))
        elif step.delta is not None:
            rows += [
                Change(m, path, name, what, line=at) for m, name, what, at in step.delta.changed
            ]
            if not step.delta.changed and step.verdict == "run":
                rows.append(Change("~", path, unit.label, "annotations", line=unit.line))
        else:
            what = {"assign": "value", "docstring": "docstring", "import": "import"}.get(
                unit.kind, "statement"
            )
            if step.verdict in ("code", "annotation"):
                what = {"code": "body", "annotation": "annotation"}[step.verdict]
            rows.append(Change("~", path, unit.label, what, line=unit.line))
    rows += [Change("-", path, unit.label, "removed", line=unit.line) for unit in plan.removed]
    return rows

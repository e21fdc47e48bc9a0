"""Old and new statements matched, and two definitions compared."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from hotswap.source.nodes import without_docstring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.source.model import Mark
    from hotswap.source.units import Unit

Status = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Match:
    """One old unit and the new one that takes its place."""

    old: Unit | None
    new: Unit | None
    status: Status
    moved: bool = False
    """Identical, but no longer between the same neighbours."""


def match(old: Sequence[Unit], new: Sequence[Unit]) -> list[Match]:
    """Match units: in new order, removed ones last.

    Equal runs first (by text, then by fingerprint), then equal ones that moved, then those of equal kind and name.
    """
    start = 0
    limit = min(len(old), len(new))
    while start < limit and old[start].segment == new[start].segment:
        start += 1
    end = 0
    while end < limit - start and old[-1 - end].segment == new[-1 - end].segment:
        end += 1
    out = [Match(o, n, "same") for o, n in zip(old[:start], new[:start], strict=True)]
    middle = _match(old[start : len(old) - end], new[start : len(new) - end])
    out += [m for m in middle if m.new is not None]
    if end:
        out += [Match(o, n, "same") for o, n in zip(old[-end:], new[-end:], strict=True)]
    return out + [m for m in middle if m.new is None]


def _match(old: Sequence[Unit], new: Sequence[Unit]) -> list[Match]:
    if not old or not new:
        return [Match(None, u, "added") for u in new] + [Match(u, None, "removed") for u in old]
    prints_old = [u.fingerprint for u in old]
    prints_new = [u.fingerprint for u in new]
    partner: dict[int, int] = {}
    matcher = SequenceMatcher(None, prints_old, prints_new, autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        for k in range(size):
            partner[b + k] = a + k
    used = set(partner.values())
    moved: set[int] = set()
    spare: dict[bytes, list[int]] = {}
    for i, fingerprint in enumerate(prints_old):
        if i not in used:
            spare.setdefault(fingerprint, []).append(i)
    for j, fingerprint in enumerate(prints_new):
        if j not in partner and spare.get(fingerprint):
            partner[j] = spare[fingerprint].pop(0)
            used.add(partner[j])
            moved.add(j)
    named: dict[tuple[str, str], list[int]] = {}
    for i, unit in enumerate(old):
        if i not in used and unit.name:
            named.setdefault((unit.kind, unit.name), []).append(i)
    named_new = Counter((u.kind, u.name) for j, u in enumerate(new) if j not in partner)
    chosen: dict[int, int] = {}
    unnamed: dict[tuple[str, str], list[int]] = {}
    for i, unit in enumerate(old):
        if i not in used and unit.kind in ("if", "try", "with", "for", "docstring"):
            unnamed.setdefault((unit.kind, _shape(unit)), []).append(i)
    for j, unit in enumerate(new):
        alike = named.get((unit.kind, unit.name), []) if unit.kind == "def" else []
        if j in partner or len(alike) + named_new[unit.kind, unit.name] < 3:
            continue
        same = [i for i in alike if old[i].head == unit.head]
        if same:  # ``def _`` of a singledispatch: those of one type
            alike.remove(same[0])
            used.add(same[0])
            chosen[j] = same[0]
    out: list[Match] = []
    for j, unit in enumerate(new):
        if j in chosen:
            out.append(Match(old[chosen[j]], unit, "changed"))
            continue
        if j in partner:
            out.append(Match(old[partner[j]], unit, "same", moved=j in moved))
            continue
        candidates = named.get((unit.kind, unit.name)) if unit.name else None
        if not unit.name and unit.kind in ("if", "try", "with", "for", "docstring"):
            candidates = unnamed.get((unit.kind, _shape(unit)))
        if candidates:
            i = candidates.pop(0)
            used.add(i)
            out.append(Match(old[i], unit, "changed"))
        else:
            out.append(Match(None, unit, "added"))
    out += [Match(u, None, "removed") for i, u in enumerate(old) if i not in used]
    return out


def _shape(unit: Unit) -> str:
    """What two unnamed blocks must share to be the same one edited: the test of an ``if``, else their names."""
    if unit.kind == "if":
        return ast.dump(unit.test)
    if unit.kind == "docstring":
        return ""
    return ",".join(unit.binds)


def same_function(old: Unit, new: Unit) -> bool:
    """Say whether only the bodies of two functions differ, so that a new code object is all it takes.

    A docstring counts as body unless a decorator may have copied it elsewhere (FastAPI's route descriptions).
    """
    if old.head != new.head:
        return False
    return not new.impure_decorators or old.docstring == new.docstring


def annotation_only(old: Unit, new: Unit) -> bool:
    """An assignment that makes what it made, and says another type of it, or says one at last."""
    was, now = old.value, new.value
    if was is None or now is None or not (old.annotated or new.annotated):
        return False
    return old.single and new.single and ast.dump(was) == ast.dump(now)


@dataclass(frozen=True, slots=True)
class ClassDelta:
    """How two versions of a class differ."""

    code_only: bool
    """Nothing but function bodies (and docstrings) differ."""
    kept: frozenset[str]
    """Names bound by statements that stayed the same and read nothing that changed in the body."""
    bound: frozenset[str]
    """All names the OLD body bound."""
    changed: tuple[tuple[Mark, str, str, int], ...]
    """``(mark, member, what, line)`` for the report."""
    docstring: bool = False


def compare_classes(old: Unit, new: Unit) -> ClassDelta:
    """Compare two class statements member by member."""
    pairs = match(old.members, new.members)
    only = old.class_head == new.class_head
    rows: list[tuple[Mark, str, str, int]] = []
    if old.class_head[1:3] != new.class_head[1:3]:
        rows.append(("~", new.name, "bases", new.line))
    if old.class_head[0] != new.class_head[0]:
        rows.append(("~", new.name, "decorators", new.line))
    docs = old.docstring != new.docstring
    kept: set[str] = set()
    dirty: set[str] = set()
    for pair in pairs:
        a, b = pair.old, pair.new
        if (b is not None and b.kind == "docstring") or (
            b is None and a is not None and a.kind == "docstring"
        ):
            continue
        if pair.status == "same" and b is not None:
            if pair.moved and b.kind == "assign":
                only = False
            if b.kind == "assign":
                if set(b.scan.reads) & dirty:
                    dirty.update(b.binds)
                else:
                    kept.update(b.binds)
            continue
        if pair.status == "changed" and a is not None and b is not None:
            if a.kind == b.kind == "def":
                rows.append(("~", b.label, what_changed(a, b), b.line))
                if same_function(a, b):
                    continue
            elif a.kind == b.kind == "class":
                inner = compare_classes(a, b)
                rows += inner.changed
                if inner.code_only:
                    continue
            elif a.kind == b.kind == "assign" and annotation_only(a, b):
                rows.append(("~", b.label, "annotation", b.line))
                only = False
                (dirty if set(b.scan.reads) & dirty else kept).update(b.binds)
                continue
            else:
                rows.append(("~", b.label, "value" if b.kind == "assign" else b.kind, b.line))
        elif b is not None:
            rows.append(("+", b.label, "new", b.line))
        elif a is not None:
            rows.append(("-", a.label, "removed", 0))
        only = False
        for unit in (a, b):
            if unit is not None and unit.kind not in ("def", "class"):
                dirty.update(unit.scan.mutates)
        dirty.update(b.binds if b is not None else ())
        dirty.update(a.binds if a is not None else ())
    if docs:
        rows.append(("~", new.label, "docstring", new.line))
        if new.class_head[0] != "[]" or new.class_head[1] != "[]":
            only = False  # a decorator or metaclass may have copied it (pydantic's schema)
    bound = {name for unit in old.members for name in unit.binds}
    if old.text.future != new.text.future and any(u.scan.soft for u in new.members):
        only = False
    return ClassDelta(only, frozenset(kept - dirty), frozenset(bound), tuple(rows), docs)


def what_changed(old: Unit, new: Unit) -> str:
    """Name what differs between two functions."""
    a, b = old.head, new.head
    if a[0] != b[0]:
        return "now async" if b[0].startswith("Async") else "no longer async"
    found = []
    if a[1] != b[1]:
        found.append("decorators")
    if a[2:5] != b[2:5]:
        found.append("signature")
    bodies = [[ast.dump(n) for n in without_docstring(u.definition.body)] for u in (old, new)]
    if bodies[0] != bodies[1]:
        found.append("body")
    if old.docstring != new.docstring:
        found.append("docstring")
    return " and ".join(found) or "lines"

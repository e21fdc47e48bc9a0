"""The laws, as pure functions over what the children saw: each gives the ways in which a case breaks one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.corpus.cases import Case

    Note = Mapping[str, Any]


def sane(case: Case, before: Sequence[Note], after: Sequence[Note]) -> Iterator[str]:
    """A case proves something: its probes ask without changing anything, and tell the sides apart."""
    for side, (first, second) in (("before", before), ("after", after)):
        for probe, value in first["probes"].items():
            if second["probes"][probe] != value:
                yield f"{side}: {probe} gives {value}, then {second['probes'][probe]}"
            if value.startswith("raised") and side == "after" and probe not in case.keep:
                yield f"{side}: {probe} {value}"
    same = before[0]["probes"] == after[0]["probes"]
    if same and case.rung not in ("", "noop") and not case.keep:
        yield "no probe tells before from after"


def swapped(
    case: Case, seen: Sequence[Note], fresh: Sequence[Note], mended: Sequence[Note] | None
) -> Iterator[str]:
    """A swap equals a fresh import, a second one does nothing, and the way back equals the start."""
    notes = {note["label"]: note for note in seen}
    start, swap, back = notes["start"], notes["swap"], notes["back"]
    refused = bool(case.fault) or case.rung == "exec"
    for number, step in enumerate(case.steps[:-1], 1):
        note = notes[f"step {number}"]
        if step.fault:
            yield from _faulted(note, step.fault)
            yield from _untouched(note, start)
        else:
            yield from _took(note, step.rung)
    if explain := notes.get("explain"):
        yield from _unshaped(explain, start)
        if not case.fault:
            yield from _planned(case, explain)
    if case.fault:
        yield from _faulted(swap, case.fault, case.line)
    elif refused:
        yield from _needs_exec(swap)
    else:
        yield from _took(swap, case.rung)
        yield from _report(case, swap)
        yield from _equal(case, swap, fresh[0])
        yield from _took(notes["again"], "noop")
        yield from _equal(case, notes["again"], fresh[0])
        if another := notes.get("another"):
            yield from _took(another, "")
            yield from _equal(case, another, fresh[0])
    if refused:
        yield from _untouched(swap, start)
    if refused and "roundtrip" not in case.skip:
        yield from _took(back, "noop")
        yield from _untouched(back, start)
    elif case.back == "exec":
        yield from _needs_exec(back)
        yield from _equal(case, back, fresh[0])
    elif "roundtrip" not in case.skip:
        yield from _took(back, "")
        yield from _same(case, back, start)
    if mended is not None:
        yield from _took(notes["mended"], "")
        yield from _equal(case, notes["mended"], mended[0])


def unhurt(case: Case, seen: Sequence[Note], fresh: Sequence[Note]) -> Iterator[str]:
    """A broken edit changes nothing at all; the good one that follows swaps, and can be undone."""
    start, healed, undo = seen[0], seen[-2], seen[-1]
    for note in seen[1:-2]:
        if case.rung == "exec" and "outcome" in note and not note["outcome"]["fault"]:
            yield from _needs_exec(note)
        else:
            yield from _faulted(note)
        yield from _untouched(note, start)
    if case.fault:
        yield from _faulted(healed, case.fault)
        yield from _untouched(healed, start)
    elif case.rung == "exec":
        yield from _needs_exec(healed)
        yield from _untouched(healed, start)
    else:
        yield from _took(healed, "")
        yield from _equal(case, healed, fresh[0])
    if "roundtrip" not in case.skip and not case.back and case.undoable:
        yield from _took(undo, "")
        yield from _same(case, undo, start)


def _told(outcome: Mapping[str, Any]) -> str:
    """Say what an outcome was, in one line."""
    fault = outcome["fault"]
    what = f"fault {fault['title']}: {fault['message']}" if fault else f"rung {outcome['rung']}"
    return f"ok={outcome['ok']} {what} ({outcome['reason']})"


def _outcome(note: Note) -> Iterator[str]:
    if "outcome" not in note:
        yield f"{note['label']}: apply raised:\n{note['escaped']}"


def _took(note: Note, rung: str) -> Iterator[str]:
    yield from _outcome(note)
    if outcome := note.get("outcome"):
        wrong = (
            outcome["rung"] != rung if rung else outcome["rung"] not in ("patch", "reexec", "noop")
        )
        if not outcome["ok"] or outcome["fault"] or wrong:
            yield f"{note['label']}: wanted {rung or 'a swap'}, got {_told(outcome)}"


def _planned(case: Case, note: Note) -> Iterator[str]:
    if (outcome := note.get("outcome")) and outcome["rung"] != case.rung:
        yield f"explain: wanted {case.rung}, got {_told(outcome)}"


def _needs_exec(note: Note) -> Iterator[str]:
    yield from _outcome(note)
    if outcome := note.get("outcome"):
        if outcome["ok"] or outcome["rung"] != "exec" or outcome["fault"]:
            yield f"{note['label']}: wanted exec, got {_told(outcome)}"
        elif not outcome["reason"]:
            yield f"{note['label']}: exec without a reason"


def _faulted(note: Note, text: str = "", line: int = 0) -> Iterator[str]:
    yield from _outcome(note)
    if outcome := note.get("outcome"):
        fault = outcome["fault"]
        if outcome["ok"] or not fault:
            yield f"{note['label']}: wanted a fault, got {_told(outcome)}"
        elif text.lower() not in f"{fault['code']} {fault['title']} {fault['message']}".lower():
            yield f"{note['label']}: wanted a fault about {text!r}, got {_told(outcome)}"
        elif line and fault["line"] != line:
            yield f"{note['label']}: the fault names line {fault['line']}, not {line}"
        if fault and "itself failed" in fault["title"]:
            yield f"{note['label']}: {_told(outcome)}"
        if fault and not outcome["pending"]:
            yield f"{note['label']}: nothing pending after a fault"


def _report(case: Case, note: Note) -> Iterator[str]:
    if outcome := note.get("outcome"):
        told = [f"{change['mark']} {change['name']}" for change in outcome["changes"]]
        if missing := [change for change in case.changes if change not in told]:
            yield f"{note['label']}: the report lacks {missing}; it has {told}"
        if not told and case.rung not in ("", "noop"):
            yield f"{note['label']}: the report names no change"
        stale = {f"{stale['name']}" for stale in outcome["stale"]}
        declared = {limit["name"] for limit in case.stale}
        for name in sorted(stale - declared):
            why = next(s["reason"] for s in outcome["stale"] if s["name"] == name)
            yield f"{note['label']}: reported stale: {name}: {why}"
        for name in sorted(declared - stale):
            yield f"{note['label']}: {name} should be reported as stale"


def _equal(case: Case, note: Note, fresh: Note) -> Iterator[str]:
    """The live program equals a fresh import, but for what the case declares kept."""
    for probe, value in note["probes"].items():
        wanted = fresh["probes"][probe]
        if probe in case.keep:
            wanted = _kept(case.keep[probe])
        if value != wanted:
            yield f"{note['label']}: {probe} is {value}, wanted {wanted}"
    yield from _drift(case, note, fresh)


def _kept(expression: str) -> str:
    from tests.corpus.probes import render

    return render(eval(expression))


def _same(case: Case, note: Note, start: Note) -> Iterator[str]:
    """The live program says what it said at the start."""
    for probe, value in note["probes"].items():
        if value != start["probes"][probe]:
            yield f"{note['label']}: {probe} is {value}, was {start['probes'][probe]}"
    yield from _drift(case, note, start)


def _drift(case: Case, note: Note, wanted: Note) -> Iterator[str]:
    if "inventory" in case.skip:
        return
    declared = {drift["name"] for drift in case.drift}
    has, wants = note["inventory"], wanted["inventory"]
    for name in sorted({*has, *wants}):
        if name.partition(" ")[0].endswith(".another_edit"):
            continue
        if has.get(name) != wants.get(name) and name.removesuffix(" is") not in declared:
            yield f"{note['label']}: {name}: {_difference(has.get(name), wants.get(name))}"


def _difference(has: str | None, wants: str | None) -> str:
    if has is None or wants is None:
        return f"is {has}, wanted {wants}"[:500]
    place = next((i for i, (a, b) in enumerate(zip(has, wants, strict=False)) if a != b), 0)
    place = max(0, place - 60)
    return (
        f"differs from a fresh import: has ..{has[place:][:160]}.. wanted ..{wants[place:][:160]}"
    )


def _untouched(note: Note, start: Note) -> Iterator[str]:
    """Every probe, every shape and every object is what it was."""
    for probe, value in note["probes"].items():
        if value != start["probes"][probe]:
            yield f"{note['label']}: {probe} became {value}, was {start['probes'][probe]}"
    yield from _unshaped(note, start)


def _unshaped(note: Note, start: Note) -> Iterator[str]:
    """Every shape and every object is what it was."""
    yield from _outcome(note)
    for what in ("inventory", "identities"):
        has, had = note[what], start[what]
        if changed := sorted(n for n in {*has, *had} if has.get(n) != had.get(n)):
            yield f"{note['label']}: {what} of {changed[:8]} changed after a refusal"

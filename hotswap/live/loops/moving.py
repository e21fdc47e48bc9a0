"""Moves suspended frames to edited code: everything is planned for all of them before the first is written."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hotswap.live.loops import lineage, selftest, unstarted, watching
from hotswap.live.loops.bytecode import Facts, same_body
from hotswap.live.loops.decision import Decision, Side
from hotswap.live.loops.ending import Calls, awaited
from hotswap.live.loops.frames import Frames, Parked
from hotswap.live.loops.model import Refused, Suspended, Verdict
from hotswap.live.loops.moves import Move, settle
from hotswap.live.loops.places import functions_of, node_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType

    from hotswap.live.journal import Journal


class Texts:
    """The syntax of the code objects of one batch, parsed when first asked for."""

    def __init__(self, sources: Mapping[str, tuple[bytes, bytes]]) -> None:
        self._sources = sources
        self._trees: dict[tuple[str, int], tuple[ast.Module, dict[Any, Any]]] = {}
        self._sides: dict[int, Side] = {}

    def facts(self, code: CodeType) -> Facts:
        """Give the facts of a code object, computed once."""
        return self.side(code, 0).facts

    def side(self, code: CodeType, which: int) -> Side:
        """Give code and syntax together; `which` text it was compiled from: 0 the old, 1 the new."""
        known = self._sides.get(id(code))
        if known is None:
            # which keeps the code alive, and its id
            known = self._sides[id(code)] = self._side(code, which)
        return known

    def _side(self, code: CodeType, which: int) -> Side:
        facts = Facts(code)
        found = lineage.origin(code)
        if found is not None:
            return Side(code, facts, found.node, found.module)
        tree, functions = self._parsed(code.co_filename, which)
        return Side(code, facts, node_of(code, functions), tree)

    def _parsed(self, path: str, which: int) -> tuple[ast.Module, dict[Any, Any]]:
        if path not in self._sources:
            path = os.path.realpath(path)
        key = path, which
        if key not in self._trees:
            try:
                tree = ast.parse(self._sources[path][which], path)
            except (KeyError, SyntaxError, ValueError, RecursionError):
                tree = ast.Module([], [])
            self._trees[key] = tree, functions_of(tree)
        return self._trees[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    suspended: Suspended
    parked: Parked
    move: Move
    slots: list[Any]
    verdict: Verdict


def move(
    suspended: Sequence[Suspended], sources: Mapping[str, tuple[bytes, bytes]], journal: Journal
) -> list[Verdict]:
    """Give suspended frames the edited code; say of each what became of it. Never raises for a frame.

    Args:
        suspended: The frames whose code is being replaced.
        sources: Path -> (bytes that run, bytes that are to run).
        journal: Gets the undo of each write; releases what the frames held when it commits.
    """
    if not suspended:
        return []
    reason = selftest.supported()
    if reason:
        return [Verdict(s, "stale", reason, _line(s)) for s in suspended]
    return carry(suspended, sources, journal)


def carry(
    suspended: Sequence[Suspended], sources: Mapping[str, tuple[bytes, bytes]], journal: Journal
) -> list[Verdict]:
    """Do what `move` says, on an interpreter whose frames are known."""
    return Batch(sources, journal).carry(suspended)


def _line(suspended: Suspended) -> int:
    for prefix in ("cr", "gi", "ag"):
        frame = getattr(suspended.owner, f"{prefix}_frame", None)
        if frame is not None:
            return int(frame.f_lineno or 0)
    return suspended.old.co_firstlineno


class Batch:
    """The frames of one swap."""

    def __init__(self, sources: Mapping[str, tuple[bytes, bytes]], journal: Journal) -> None:
        self.texts = Texts(sources)
        self.frames = Frames(self.texts.facts)
        self.journal = journal
        self._decisions: dict[Any, Decision] = {}
        self._remembered: set[int] = set()

    def carry(self, suspended: Sequence[Suspended]) -> list[Verdict]:
        """Plan all frames, then write them."""
        plans = [self._plan(one) for one in suspended]
        self._let_calls_end(plans)
        self._end_turns_together(plans)
        verdicts = []
        for one, plan in zip(suspended, plans, strict=True):
            verdict = self._carry_out(plan) if isinstance(plan, _Ready) else plan
            if verdict.kind in ("stale", "ends"):
                side = self.texts.side(one.old, 0)
                found = lineage.Origin(side.node, side.module, one.new, superseded=True)
                self._remember(one.old, found)
            verdicts.append(verdict)
        return verdicts

    def _let_calls_end(self, plans: list[_Ready | Verdict]) -> None:
        """Tell what stays old for good from a call in flight that a loop makes anew in its next turn."""
        calls = Calls(self.texts.facts)
        for index, plan in enumerate(plans):
            if not isinstance(plan, Verdict) or plan.kind != "stale":
                continue
            if calls.ends(plan.suspended.owner):
                plans[index] = replace(plan, kind="ends")

    def _end_turns_together(self, plans: list[_Ready | Verdict]) -> None:
        """Let a frame finish its turn too when what it awaits ends in old code: the two were written for each other.

        ``x = await receive()`` of which both sides are edited gets an old answer from an old ``receive``.
        """
        held = {
            id(one.owner)
            for plan in plans
            for verdict in (plan.verdict if isinstance(plan, _Ready) else plan,)
            for one in (verdict.suspended,)
            if verdict.kind in ("finish", "ends", "stale") and not _unchanged(one)
        }
        for index, plan in enumerate(plans if held else ()):
            if not isinstance(plan, _Ready) or plan.verdict.kind != "take":
                continue
            one, parked = plan.suspended, plan.parked
            if not any(id(inner) in held for inner in awaited(one.owner)) or _unchanged(one):
                continue
            decision = self._decisions[_point(one, parked)]
            ending = _settled(
                one, parked, decision, ("finish",), "what it awaits ends in the old body"
            )
            if isinstance(ending, _Ready):
                plans[index] = ending

    def _plan(self, one: Suspended) -> _Ready | Verdict:
        if one.new is None:
            return Verdict(one, "stale", "its function is gone", _line(one))
        try:
            parked = self.frames.read(one.owner)
            if parked.code is not one.old or parked.globals is not one.module_globals:
                raise Refused("its code is not the one that is being replaced")  # noqa: TRY301
            if one.home is not None:
                parked = parked.at_home(one.home)
            if not parked.started:
                old, new = self.texts.side(one.old, 0), self.texts.side(one.new, 1)
                begun = unstarted.begin(parked, old, new)
                verdict = Verdict(one, "unstarted", "", begun.move.line)
                return _Ready(one, parked, begun.move, begun.slots, verdict)
            key = _point(one, parked)
            decision = self._decisions.get(key)
            if decision is None:
                old, new = self.texts.side(one.old, 0), self.texts.side(one.new, 1)
                decision = self._decisions[key] = Decision(old, new, parked, one.old.co_filename)
            return _settled(one, parked, decision)
        except Refused as refusal:
            return Verdict(one, "stale", refusal.reason, _line(one))
        except Exception as error:  # noqa: BLE001  a mistake of ours costs this frame, not the swap
            return Verdict(one, "stale", f"its move could not be planned: {error!r}", _line(one))

    def _carry_out(self, ready: _Ready) -> Verdict:
        one, code = ready.suspended, ready.move.landing.code
        try:
            self.frames.write(ready.parked, ready.move.landing, ready.slots, self.journal)
        except Refused as refusal:
            return Verdict(one, "stale", refusal.reason, _line(one))
        watching.announce(one.old, code)
        if code is not one.new and one.new is not None:
            module = self.texts.side(one.new, 1).module
            self._remember(code, lineage.Origin(ready.move.node, module, one.new))
        return ready.verdict

    def _remember(self, code: CodeType, found: lineage.Origin) -> None:
        if id(code) not in self._remembered:
            self._remembered.add(id(code))
            lineage.remember(code, found, self.journal)


def _point(one: Suspended, parked: Parked) -> Any:
    return id(one.old), id(one.new), parked.offset, parked.bound


def _unchanged(one: Suspended) -> bool:
    return one.new is not None and same_body(lineage.plain(one.old), one.new)


def _settled(
    one: Suspended,
    parked: Parked,
    decision: Decision,
    kinds: Sequence[str] = ("take", "finish"),
    because: str = "",
) -> _Ready | Verdict:
    for found in decision.moves():
        if found.kind not in kinds:
            continue
        try:
            slots, notes = settle(found, parked)
        except Refused as refusal:
            decision.because(refusal.reason)
            continue
        why = notes if found.kind == "take" else [because or decision.reasons[0], *notes]
        return _Ready(
            one, parked, found, slots, Verdict(one, found.kind, "; ".join(why), found.line)
        )
    return Verdict(
        one,
        "stale",
        "; ".join(decision.reasons),
        decision.line or _line(one),
        waits=bool(decision.undefined),
    )

"""What a module says of its names runs again without the values: a type hint is no reason to empty a store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap.live.rerun.changed import dirty_chain, visible_dirty
from hotswap.live.rerun.statement import execute
from hotswap.live.why import Kind, Why

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step


def annotate(rerun: Rerun, swap: ModuleSwap, step: Step) -> None:
    """Evaluate the annotation of a value that stays, where it was edited or names something that is another one now.

    Raises:
        StatementRaised: The annotation raised.
        Refused: It raised because of what it was before.
    """
    unit = step.unit
    if step.verdict == "annotation" and not unit.annotated:
        # the annotation is gone: `remove_names` has forgotten it
        swap.ran[id(step.old)] = Why(Kind.EDITED)
        return
    if not unit.annotated or rerun.pinned(swap.name) or swap.running:
        return
    note = unit.note
    if step.verdict == "annotation":
        why = Why(Kind.EDITED)
    else:
        names = sorted(note.scan.reads & visible_dirty(rerun, swap))
        read = ", ".join(names) or dirty_chain(rerun, swap, note.scan.chains, "dirty")
        if not read:
            return
        why = Why(Kind.READS, read)
    if id(note) not in swap.ran:
        execute(rerun, swap, replace(step, unit=note), why)

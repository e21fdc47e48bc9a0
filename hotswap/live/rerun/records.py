"""What the statements of a swap made is recorded: what comes on top from then on is the program's (`gathered`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap.live.gathered import (
    Gathering,
    Held,
    as_of,
    containers_of,
    rebased,
    record,
    record_named,
)
from hotswap.live.journal import MISSING

if TYPE_CHECKING:
    from hotswap.live.rerun.state import Rerun


def settle_attributes(rerun: Rerun) -> None:
    """Merge what the program gathered in a class's own containers into what statements filled anew."""
    for key, (was, before) in rerun.refill.attributes.items():
        entry = rerun.tracker.loaded[key[0]]
        cls = entry.names.get(key[1])
        if not before or not isinstance(cls, type) or type(was) is not Held:
            continue
        own = containers_of(cls)
        items = dict(was.items)
        for name, live in before.items():
            new = own.get(name, MISSING)
            if new is live or new is MISSING or name not in items:
                continue
            built = record(new, rerun.tracker.loaded)
            gathering = Gathering(rerun.journal, rerun.graft.pairs)
            if gathering.merge(items[name], live, new) is live:
                rerun.journal.setattr(cls, name, live)
                built = as_of(built, live)
            items[name] = built
            if gathering.kept:
                kept = counted(gathering.kept)
                rerun.notes.append(f"{key[1]}.{name} was filled anew: {kept}")
        rerun.refill.filled.pop(key, None)
        rerun.journal.setitem(entry.built, key[1], replace(was, items=items))


def counted(entries: int) -> str:
    """Say how much of the program's own an object that was filled anew still holds."""
    if not entries:
        return ""
    return f"{entries} {'change' if entries == 1 else 'changes'} of the program's kept"


def note_built(rerun: Rerun) -> None:
    """Record what the statements of this swap made: what comes on top from now on is the program's."""
    ours, journal = rerun.tracker.loaded, rerun.journal
    for module, name in rerun.refill.bound:
        entry = ours.get(module)
        if entry is not None and name in entry.names:
            journal.setitem(entry.built, name, record_named(entry.names[name], ours))
    for key, before in rerun.refill.filled.items():
        entry = ours.get(key[0])
        if entry is None or key in rerun.refill.bound or key in rerun.refill.sides:
            continue
        was = entry.built.get(key[1], MISSING)
        if was is not MISSING:
            journal.setitem(
                entry.built, key[1], rebased(was, before, entry.names.get(key[1]), ours)
            )

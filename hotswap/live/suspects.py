"""Which code a swap supersedes, and who runs it: before and after statements ran, and for the swaps to come."""

from __future__ import annotations

from itertools import chain
from types import FunctionType
from typing import TYPE_CHECKING

from hotswap.live import holders
from hotswap.live.conformer import FITTED
from hotswap.live.dependents import running_code
from hotswap.live.loops import lineage
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from hotswap.live import patch
    from hotswap.live.rerun.state import Rerun
    from hotswap.live.swap import Swap


def look(swap: Swap, files: set[str]) -> patch.Heap:
    """Find the functions and suspended frames of edited and deleted modules that run superseded code."""
    gone = swap.batch.deleted
    entries = [*(module.entry for module in swap.planned.modules), *gone]
    lost = (code for entry in gone for code in codes.walk(running_code(entry)))
    suspects = chain(swap.planned.superseded, lost, _fitted(files), lineage.living(files))
    wider = files | {code.co_filename for code in lineage.living(files)}  # they moved from there
    wider |= {entry.filename for entry in gone}
    return holders.find(entries, suspects, _tables(swap), wider)


def look_again(swap: Swap, rerun: Rerun, files: set[str], first: patch.Heap) -> patch.Heap:
    """After statements ran, find what runs code of theirs too."""
    files = files | {s.entry.filename for s in rerun.swaps.values()} | set(swap.planned.texts)
    entries = [module.entry for module in rerun.swaps.values()]
    suspects = (code for made in swap.made for code in codes.walk(made))
    thrown = [new for new, _ in rerun.graft.pairs.values() if type(new) is FunctionType]
    return first.joined(
        holders.find(entries, suspects, _tables(swap), files, compiles=swap.made, functions=thrown)
    )


def _fitted(files: set[str]) -> Iterator[CodeType]:
    """Give the codes that earlier swaps made to fit functions of these files."""
    return (code for code, _ in FITTED.values() if code.co_filename in files)


def _tables(swap: Swap) -> Iterator[CodeType]:
    """Give every code object that a table of the swap refers to, once for each reference."""
    planned = swap.planned
    yield from chain(planned.pairs.references(), planned.replaced.references())
    yield from chain.from_iterable(FITTED.values())
    yield from chain(planned.superseded, swap.made, swap.bodies_before.values())


def note_relics(swap: Swap) -> None:
    """Remember which code outside the compiles that run now is still in use: the next swap looks for it too."""
    planned = swap.planned
    planned.superseded.clear()  # the tables have done their work: what they alone hold is not in use
    for table in (planned.pairs, planned.replaced):
        table.clear()
    made: dict[str, list[CodeType]] = {}
    for code in swap.made:
        made.setdefault(code.co_filename, []).append(code)
    for module in swap.touched:
        entry = module.entry
        if not entry.exact or entry.code is None:
            continue
        former = swap.former.get(module.name)
        compiles = made.get(entry.filename, [])
        compiles = [*compiles, former] if former is not None else compiles
        current = set(map(id, codes.walk(entry.code)))
        suspects = (
            code
            for code in chain(entry.relics, *map(codes.walk, compiles))
            if code.co_filename == entry.filename and id(code) not in current
        )
        entry.relics = holders.still_held(entry, suspects, _tables(swap), compiles)

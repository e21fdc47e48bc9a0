"""Definitions that moved to another file: what still runs their old code, suspended, goes on in the new place."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from hotswap.live.dependents import running_code
from hotswap.source import codes
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from types import CodeType

    from hotswap.live.loaded import Loaded
    from hotswap.live.planning import Planned
    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.source.units import Unit

LIKENESS: Final = 0.6
"""Of the words of two functions of one name, in two files, that are taken for one that moved."""

Moves = list[tuple[str, str, str]]
"""The module that a definition was in, its name, and the module that it is in now."""


def cut_and_pasted(
    touched: Iterable[ModuleSwap],
    created: Container[str],
    loaded: Mapping[str, Loaded],
    known: Moves,
) -> Iterable[tuple[str, str, str]]:
    """Give the functions that went from a module and that an edit has put, much the same, into another.

    Nobody need import them where they were (``import jobs; jobs.serve()``), and the other file may have been saved
    before. Their name and their words tell; where several gained one of that name, nothing is guessed.

    Args:
        touched: The modules of the swap.
        created: Real paths of its new files.
        loaded: The live modules, with the source that ran before the swap.
        known: Moves that imports told.
    """
    texts = {swap.name: swap.text for swap in touched if swap.plan is not None}
    new = {(s.name, t.unit.name) for s in touched for t in s.steps if t.situation == "new"}
    told = {(source, name) for source, name, _ in known}
    for swap in touched:
        for before in swap.plan.removed if swap.plan is not None else ():
            if before.kind != "def" or (swap.name, before.name) in told:
                continue
            found = []
            for entry in list(loaded.values()):
                text = texts.get(entry.name)
                data = entry.data if text is None else text.data
                gained = (entry.name, before.name) in new or before.name in entry.gained
                if entry is swap.entry or not (gained or entry.path in created):
                    continue
                text = Text(entry.filename, data) if text is None else text
                found += [(entry.name, u) for u in text.units if _is_def(u, before.name)]
            if len(found) == 1 and _alike(before, found[0][1]):
                yield swap.name, before.name, found[0][0]


def _is_def(unit: Unit, name: str) -> bool:
    return unit.kind == "def" and unit.name == name


def _alike(before: Unit, after: Unit) -> bool:
    words = before.segment.split(), after.segment.split()
    return SequenceMatcher(None, *words, autojunk=False).ratio() >= LIKENESS


def pair_moved(moves: Moves, loaded: Mapping[str, Loaded], planned: Planned) -> None:
    """Let the code of moved definitions follow that of their new places: frames take it, or are named.

    Args:
        moves: What moved in this swap.
        loaded: The live modules, with the source that ran before the swap.
        planned: Gets the pairs.
    """
    for source, name, target in moves:
        home, away = loaded[source], loaded[target]
        before = Text(home.filename, home.data).code if home.code is None else home.code
        after = planned.compiled.get(away.filename) or running_code(away)
        there = {code.co_qualname: code for code in _of(after, name)}
        for code in _of(before, name):
            if code.co_qualname in there and code not in planned.pairs:
                planned.pairs[code] = there[code.co_qualname]


def texts_of(moves: Moves, loaded: Mapping[str, Loaded]) -> Iterable[tuple[str, bytes]]:
    """Give `co_filename` and source of the modules that definitions moved to."""
    for _, _, target in moves:
        yield loaded[target].filename, loaded[target].data


def homes(loaded: Mapping[str, Loaded]) -> dict[str, dict[str, object]]:
    """Give the globals of each file's module, but of files that are loaded under two names."""
    found: dict[str, dict[str, object]] = {}
    twice: set[str] = set()
    for entry in list(loaded.values()):
        if entry.filename in found:
            twice.add(entry.filename)
        found[entry.filename] = entry.names
    return {filename: names for filename, names in found.items() if filename not in twice}


def _of(whole: CodeType, name: str) -> Iterable[CodeType]:
    """Give the functions of one definition, those within it too."""
    return (
        code
        for code in codes.walk(whole)
        if code.co_qualname == name or code.co_qualname.startswith(f"{name}.")
    )

"""Definitions that moved to another file: what still runs their old code, suspended, goes on in the new place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap.live.dependents import running_code
from hotswap.source import codes
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

    from hotswap.live.loaded import Loaded
    from hotswap.live.planning import Planned

Moves = list[tuple[str, str, str]]
"""The module that a definition was in, its name, and the module that it is in now."""


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

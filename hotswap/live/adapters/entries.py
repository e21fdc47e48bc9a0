"""Entries of a registry: which definition made each of them, and where it stands. Pure: lists in, lists out.

The order of routes is behaviour (the first match wins), so an entry that is made anew takes the place that an
import of the new source would give it. Where that place cannot be told, `fits` says so and everything runs again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from hotswap.live.adapters.base import Ran

    Key = tuple[str, str] | None


def made_by(function: Any) -> Key:
    """Give ``(module, qualified name)`` of a function, class or wrapper of one; None when it has none of its own."""
    seen = 0
    while type(function).__name__ == "partial" and type(function).__module__ == "functools":
        function = function.func
        seen += 1
        if seen > 8:  # a partial of a partial ... of itself is possible through __setstate__
            return None
    if type(function).__name__ == "method":
        function = function.__func__
    try:
        module = object.__getattribute__(function, "__module__")
        name = (
            type.__getattribute__(function, "__qualname__")
            if issubclass(type(function), type)
            else object.__getattribute__(function, "__qualname__")
        )
    except AttributeError:
        return None
    if issubclass(type(function), type):
        module = type.__getattribute__(function, "__module__")
    return (module, name) if isinstance(module, str) and isinstance(name, str) else None


def always(_: object) -> bool:
    """Say yes."""
    return True


@dataclass(frozen=True, slots=True)
class Shelf:
    """One list of a registry in which each entry was added by one statement."""

    entries: list[Any]
    key: Callable[[Any], Key]
    foreign: Callable[[Any], bool] = always
    """Says whether an entry without a definition of its own may stem from a statement (and not the framework)."""
    backwards: bool = False
    """The framework inserts new entries at the front."""
    functions: bool = False
    """The entries are the functions themselves, which keep their identity when their definitions run again."""

    def in_order(self, entries: Sequence[Any] | None = None) -> list[Any]:
        """Give the entries in the order in which the statements ran."""
        chosen = self.entries if entries is None else entries
        return list(reversed(chosen)) if self.backwards else list(chosen)


def names_in(shelf: Shelf, entries: Sequence[Any], module: str) -> list[str]:
    """Give the definitions of `module` that have entries, each once, in the order of their first entry."""
    found: dict[str, None] = {}
    for entry in shelf.in_order(entries):
        key = shelf.key(entry)
        if key is not None and key[0] == module:
            found.setdefault(key[1])
    return list(found)


def fits(shelves: Sequence[tuple[Shelf, Sequence[Any]]], ran: Ran) -> bool:
    """Say whether the entries of ``ran.ran`` can be put where an import would put them, from the old lists alone.

    Args:
        shelves: Each list with its content before the swap. The first one is where new definitions go.
        ran: What will run.
    """
    return new_fit(shelves, ran, placed(shelves, ran))


def placed(shelves: Sequence[tuple[Shelf, Sequence[Any]]], ran: Ran) -> set[str] | None:
    """Give the names of ``ran.order`` that have entries; None when their entries cannot take the new order."""
    names = [name for name in ran.order if name]
    wanted = set(names)
    if len(wanted) != len(names):
        return None  # a name defined twice: its entries cannot be told apart
    known: set[str] = set()
    for shelf, old in shelves:
        found = [n for n in names_in(shelf, old, ran.module) if n in wanted]
        here = set(found)
        known |= here
        moved = found != [n for n in names if n in here]
        # moved definitions: simple only when nothing but definitions fills the registry, in one run of entries
        if moved and ("" in ran.order or not _together(shelf, old, ran.module, found)):
            return None
    return known


def new_fit(
    shelves: Sequence[tuple[Shelf, Sequence[Any]]], ran: Ran, known: set[str] | None
) -> bool:
    """Say whether there is a place for the definitions of ``ran.ran`` that have no entries yet; `known` have some."""
    if known is None:
        return False
    new = [n for n in ran.order if n and n in ran.ran and n not in known]
    if not shelves or not new:
        return True
    shelf, old = shelves[0]
    return all(name in ran.renamed or place_of(shelf, old, name, ran) is not None for name in new)


def _together(shelf: Shelf, old: Sequence[Any], module: str, names: Collection[str]) -> bool:
    """Say whether the entries of these definitions stand next to one another."""
    places = [
        place
        for place, entry in enumerate(shelf.in_order(old))
        if (key := shelf.key(entry)) is not None and key[0] == module and key[1] in names
    ]
    return not places or places[-1] - places[0] + 1 == len(places)


def place_of(shelf: Shelf, entries: Sequence[Any], name: str, ran: Ran) -> int | None:
    """Give the index (in running order) where new entries of definition `name` belong; None when it is open."""
    line = shelf.in_order(entries)
    at: dict[str, list[int]] = {}
    for place, entry in enumerate(line):
        key = shelf.key(entry)
        if key is not None and key[0] == ran.module:
            at.setdefault(key[1], []).append(place)
    if name not in ran.order:
        return None
    mine = list(ran.order).index(name)
    alone = True
    for other in reversed(ran.order[:mine]):
        if other == "":
            alone = False
            break
        if other in at:
            return at[other][-1] + 1
    for other in ran.order[mine + 1 :]:
        if other == "":
            alone = False
            break
        if other in at:
            return at[other][0]
    if alone and not any(shelf.foreign(entry) for entry in line):
        return len(line)
    return None


def arrange(shelf: Shelf, old: list[Any], ran: Ran) -> bool:
    """Put the shelf's list into the order that an import of the new source gives; False when a place is open.

    Args:
        shelf: Its list has the entries of before and those that running ``ran.ran`` added.
        old: The list before the swap. Brought up to what is settled now, for the next module's statements.
        ran: One module's statements.
    """
    before = shelf.in_order(old)
    present = {id(entry) for entry in before}
    added: dict[str, list[Any]] = {}
    loose: list[Any] = []
    for entry in shelf.in_order():
        if id(entry) in present:
            continue
        key = shelf.key(entry)
        if key is not None and key[0] == ran.module and key[1] in ran.ran:
            added.setdefault(key[1], []).append(entry)
        else:
            loose.append(entry)  # another module's, which settles next
    gone = {(ran.module, name) for name in (*ran.ran, *ran.removed)}
    now = {old_name: name for name, old_name in ran.renamed.items()}
    result: list[Any] = []
    put: set[str] = set()
    for entry in before:
        key = shelf.key(entry)
        if key is None or key not in gone:
            result.append(entry)
            continue
        name = key[1] if key[1] in added else now.get(key[1], "")
        if name in added and name not in put:
            put.add(name)
            result.extend(added[name])
    for name in [n for n in ran.order if n in added and n not in put]:
        place = place_of(shelf, shelf.in_order(result), name, ran)
        if place is None:
            return False
        result[place:place] = added[name]
    settled = _sorted(shelf, result, ran)
    old[:] = shelf.in_order(settled)
    shelf.entries[:] = shelf.in_order(settled + loose)
    return True


def _sorted(shelf: Shelf, line: list[Any], ran: Ran) -> list[Any]:
    """Put the definitions' entries into file order where only definitions fill the registry."""
    rank = {name: index for index, name in enumerate(ran.order) if name}
    places = []
    for place, entry in enumerate(line):
        key = shelf.key(entry)
        if key is not None and key[0] == ran.module and key[1] in rank:
            places.append(place)
    ordered = sorted(
        (line[place] for place in places), key=lambda e: rank[(shelf.key(e) or ("", ""))[1]]
    )
    if "" in ran.order or not places or places[-1] - places[0] + 1 != len(places):
        return line
    for place, entry in zip(places, ordered, strict=True):
        line[place] = entry
    return line

"""What the program gathered in objects that its statements made, told from what the statements put there.

``COMMANDS = {}`` is filled by statements and, later, by the program. When the statements have to fill it anew, three
states are merged: what they had put there (recorded when the import was over, and at each swap), what is there now,
and what they put there this time. What the program added, changed or took away stays; all else follows the file.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.journal import MISSING
from hotswap.live.looking import PLAIN, class_dict, content, instance_dict, slots_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from hotswap.live.journal import Journal
    from hotswap.live.pairs import Pairs

LONG: Final = 1024
"""Longer texts are known by their identity: a record must not keep data alive that the program has dropped."""
DEPTH: Final = 4
MOST: Final = 2_000
"""Elements below one name that are recorded; what holds more is data, not a registry."""
SEQUENCES: Final = (list, deque)
TOLD_APART: Final = (FunctionType, BuiltinFunctionType, type, str, bytes, dict, list, set, tuple)
WAITED_FOR: Final = frozenset({"_asyncio", "_queue", "_thread", "asyncio", "queue", "threading"})
"""Modules of locks, events, queues and tasks: somebody may hold or await the one there is."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A value as it was: known by its identity, and by what it held."""

    ident: int
    kind: type
    items: Any = None
    """Records: of a dict or an instance by key, of the rest in order; of a closure by name; None when not known."""


def record(
    value: Any, ours: Container[str], room: list[int] | None = None, depth: int = DEPTH
) -> Any:
    """Remember a value without holding it: the value itself when it is plain, else `Held`.

    Args:
        value: What is to be remembered.
        ours: Names of the modules whose classes' instances are looked into.
        room: How many more elements may be recorded.
        depth: How many containers deep.
    """
    kind = type(value)
    if kind in PLAIN:
        if (kind is str or kind is bytes) and len(value) > LONG:
            return Held(id(value), kind)
        return value
    room = [MOST] if room is None else room
    if depth and issubclass(kind, (dict, list, set, deque, tuple)):
        room[0] -= len(value)
        if room[0] < 0:
            return Held(id(value), kind)
        if issubclass(kind, dict):
            pairs = list(dict.items(value))
            return Held(id(value), kind, {k: record(v, ours, room, depth - 1) for k, v in pairs})
        return Held(id(value), kind, [record(v, ours, room, depth - 1) for v in list(value)])
    if depth and kind is FunctionType:
        if depth < DEPTH or not value.__closure__:
            return Held(id(value), kind)
        cells = zip(value.__code__.co_freevars, value.__closure__, strict=True)
        return Held(
            id(value), kind, {n: record(content(c), ours, room, depth - 1) for n, c in cells}
        )
    if depth and kind.__module__ in ours:
        namespace = instance_dict(value)
        namespace = slots_of(value) if namespace is None else namespace
        if namespace:
            room[0] -= len(namespace)
            return Held(
                id(value),
                kind,
                {k: record(v, ours, room, depth - 1) for k, v in list(namespace.items())},
            )
    return Held(id(value), kind)


def as_of(was: Any, value: Any) -> Any:
    """Give a record that stands for `value`, which took what the recorded object held."""
    return replace(was, ident=id(value)) if type(was) is Held else was


def record_names(names: Mapping[str, Any], ours: Container[str]) -> dict[str, Any]:
    """Remember what a module's statements have made: what its functions gather is told by it later."""
    found: dict[str, Any] = {}
    home = names.get("__name__")
    for name, value in list(names.items()):
        kind = type(value)
        if kind is ModuleType or (kind is FunctionType and not value.__closure__):
            continue
        if name[:2] == "__" or (issubclass(kind, type) and value.__module__ != home):
            continue
        try:
            found[name] = record_named(value, ours)
        except Exception:  # noqa: BLE001, S112 -- a container of the user's own kind may raise whatever it is asked
            continue
    return found


def record_named(value: Any, ours: Container[str]) -> Any:
    """Remember what a module-level name means; of a class, the lists, dicts and sets among its attributes."""
    if not issubclass(type(value), type):
        return record(value, ours)
    held = containers_of(value) if value.__module__ in ours else {}
    items = {key: record(inner, ours) for key, inner in held.items()}
    return Held(id(value), type(value), items)


def containers_of(cls: type) -> dict[str, Any]:
    """Give the lists, dicts and sets among a class's own attributes."""
    return {
        name: value
        for name, value in list(class_dict(cls).items())
        if issubclass(type(value), (dict, list, set, deque)) and name[:2] != "__"
    }


def unchanged(was: Any, now: Any) -> bool:
    """Say whether a value is what was recorded, with all that it held."""
    if type(was) is not Held:
        return type(was) is type(now) and bool(was == now)
    return was.ident == id(now) and was.kind is type(now) and _same_inside(was, now, unchanged)


def made_alike(was: Any, new: Any) -> bool:
    """Say whether a value that was just made is made of the same as the recorded one, whichever object it is."""
    if type(was) is not Held:
        return type(was) is type(new) and bool(was == new)
    if was.kind is not type(new):
        return False
    if was.items is None or was.kind is FunctionType:
        # of what cannot be looked into, a lock, a client, one is as good as another
        return was.ident == id(new) or not issubclass(was.kind, TOLD_APART)
    return _same_inside(was, new, made_alike)


def _same_inside(was: Held, now: Any, same: Callable[[Any, Any], bool]) -> bool:
    if was.items is None:
        return True
    if isinstance(was.items, dict):
        inside = _by_name(now)
        return inside.keys() == was.items.keys() and all(
            same(kept, inside[name]) for name, kept in was.items.items()
        )
    if issubclass(was.kind, set):
        return len(was.items) == len(now) and all(
            any(same(kept, one) for kept in was.items) for one in list(now)
        )
    return len(was.items) == len(now) and all(map(same, was.items, list(now)))


def _by_name(value: Any) -> Mapping[Any, Any]:
    kind = type(value)
    if issubclass(kind, dict):
        found: dict[Any, Any] = dict(dict.items(value))
        return found
    if issubclass(kind, type):
        return containers_of(value)
    if kind is FunctionType:
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        return {name: content(cell) for name, cell in cells}
    own = instance_dict(value)
    return slots_of(value) if own is None else own


class Gathering:
    """Merges what a program gathered into what its statements made anew.

    Args:
        journal: Takes every undo.
        pairs: What stands for a throw-away object already; told of each further one.
    """

    def __init__(self, journal: Journal, pairs: Pairs) -> None:
        self.journal = journal
        self.pairs = pairs
        self.kept = 0
        """Entries of the program's that stayed."""
        self.lost: list[str] = []
        """Entries that the program had changed, and whose statements are gone."""

    def merge(self, was: Any, live: Any, new: Any) -> Any:
        """Give what takes the place of `live`: itself, changed in place, wherever it can take what `new` holds."""
        stands = self.pairs.known(new)
        return self.take(was, live, new) if stands is new else stands

    def take(self, was: Any, live: Any, new: Any) -> Any:
        """Do the same for an object that is known to stand for `new`."""
        if live is new or was is MISSING:
            return new
        kind = type(live)
        if kind is type(new) and kind.__module__.partition(".")[0] in WAITED_FOR:
            return live
        if kind is type(new) and type(was) is Held and was.items is not None and was.kind is kind:
            if issubclass(kind, dict):
                self._mapping(was.items, live, new)
                return live
            if issubclass(kind, SEQUENCES):
                self._sequence(was.items, live, new)
                return live
            if issubclass(kind, set):
                self._set(was.items, live, new)
                return live
            if not issubclass(kind, (tuple, FunctionType)):
                ours, theirs = instance_dict(live), instance_dict(new)
                self.pairs.add(new, live)
                if ours is not None and theirs is not None:
                    self._mapping(was.items, ours, theirs)
                else:
                    self._slots(was.items, live, slots_of(new))
                return live
        if unchanged(was, live) or kind is FunctionType or issubclass(kind, type):
            return new
        self.kept += 1
        return live

    def _mapping(self, was: dict[Any, Any], live: dict[Any, Any], new: dict[Any, Any]) -> None:
        """Merge dicts: never lets a reader in another thread miss a key that stays."""
        self.journal.content(live)
        wanted: dict[Any, Any] = {}
        before = dict(dict.items(live))
        for key, value in list(dict.items(new)):
            if key in before:
                wanted[key] = self.merge(was.get(key, MISSING), before[key], value)
            elif key not in was or not made_alike(was[key], value):
                wanted[key] = value
            else:
                self.kept += 1  # the program took it away
        for key, value in before.items():
            if key in wanted or key in new:
                continue
            if key not in was:
                wanted[key] = value
                self.kept += 1
            elif not unchanged(was[key], value):
                self.lost.append(repr(key))
        dict.update(live, wanted)
        for key in [k for k in before if k not in wanted]:
            dict.pop(live, key, None)
        if list(dict.keys(live)) != list(wanted):
            dict.clear(live)
            dict.update(live, wanted)

    def _slots(self, was: dict[str, Any], live: Any, new: dict[str, Any]) -> None:
        """Merge what an instance keeps in slots; of a frozen one, too."""
        before = slots_of(live)
        for name, value in new.items():
            if name in before:
                value = self.merge(was.get(name, MISSING), before[name], value)  # noqa: PLW2901
            if before.get(name, MISSING) is not value:
                self.journal.setattr(live, name, value)

    def _set(self, was: list[Any], live: set[Any], new: set[Any]) -> None:
        self.journal.content(live)
        added = {one for one in live if one not in new and not _among(one, was)}
        gone = {one for one in new if one not in live and _among(one, was)}
        self.kept += len(added) + len(gone)
        wanted = (new | added) - gone
        live |= wanted
        live &= wanted

    def _sequence(self, was: list[Any], live: Any, new: Any) -> None:
        """Merge lists: each element of the program's stays behind the one of the statements' that it stands behind."""
        self.journal.content(live)
        before, fresh = list(live), list(new)
        place = _matched(was, before, _is_it)  # record -> live element
        partner = _matched(was, fresh, made_alike)  # record -> new element
        _in_order(was, fresh, partner)
        origin = {at: index for index, at in partner.items()}
        mine = set(place.values())
        behind: dict[int, list[Any]] = {}
        by_live = {at: index for index, at in place.items()}
        last = max(mine, default=-1)
        anchor = -1
        for at, element in enumerate(before):
            if at in mine:
                anchor = by_live[at] if by_live[at] in partner else anchor
            else:
                behind.setdefault(len(was) if at > last else anchor, []).append(element)
                self.kept += 1
        wanted = behind.pop(-1, [])
        for at, element in enumerate(fresh):
            index = origin.get(at)
            if index is None:
                wanted.append(element)
            elif index in place:
                wanted.append(self.merge(was[index], before[place[index]], element))
            elif made_alike(was[index], element):
                self.kept += 1  # the program took it away
            else:
                wanted.append(element)
            wanted += behind.pop(index, []) if index is not None else []
        for rest in behind.values():
            wanted += rest
        if isinstance(live, list):
            list.__setitem__(live, slice(None), wanted)
        else:
            live.clear()
            live.extend(wanted)


def _is_it(was: Any, now: Any) -> bool:
    """Say whether a live value is the recorded object, whatever it holds by now."""
    if type(was) is not Held:
        return type(was) is type(now) and bool(was == now)
    if issubclass(was.kind, tuple):
        return was.kind is type(now) and (was.ident == id(now) or made_alike(was, now))
    return was.ident == id(now) and was.kind is type(now)


def _matched(
    was: list[Any], elements: list[Any], same: Callable[[Any, Any], bool]
) -> dict[int, int]:
    """Give index of the record -> index of its element: the nearest one that is left, in order where it can be."""
    found: dict[int, int] = {}
    left = list(range(len(elements)))
    for index, kept in enumerate(was):
        for at in left:
            if same(kept, elements[at]):
                found[index] = at
                left.remove(at)
                break
    return found


def _in_order(was: list[Any], fresh: list[Any], partner: dict[int, int]) -> None:
    """Instances whose arguments were edited are told by their order, where as many are left on both sides."""
    taken = set(partner.values())
    old = [i for i in range(len(was)) if i not in partner]
    new = [i for i in range(len(fresh)) if i not in taken]
    kinds = [was[i].kind if type(was[i]) is Held else None for i in old]
    if kinds == [type(fresh[i]) for i in new] and None not in kinds:
        partner.update(zip(old, new, strict=True))


def _among(one: Any, was: Iterable[Any]) -> bool:
    return any(_is_it(kept, one) for kept in was)


def rebased(was: Any, before: Any, live: Any, ours: Container[str]) -> Any:
    """Give the record of an object that a statement has gone on filling in place.

    Args:
        was: What the statements before it had put there.
        before: The record of what it held when the statement began, the program's entries included.
        live: The object.
        ours: As of `record`.
    """
    if type(was) is not Held or was.items is None or type(before) is not Held:
        return record(live, ours)
    if before.items is None or unchanged(before, live):
        return was
    if isinstance(was.items, dict):
        items = dict(was.items)
        inside = _by_name(live)
        for key, value in inside.items():
            if key not in before.items or not unchanged(before.items[key], value):
                items[key] = rebased(
                    items.get(key, MISSING), before.items.get(key, MISSING), value, ours
                )
        for key in before.items:
            if key not in inside:
                items.pop(key, None)
        return replace(was, items=items)
    elements = list(live)
    place = _matched(before.items, elements, _is_it)
    here = set(place.values())
    gone = [kept for i, kept in enumerate(before.items) if i not in place]
    kept = [k for k in was.items if not any(_same_record(k, one) for one in gone)]
    kept += [record(one, ours) for at, one in enumerate(elements) if at not in here]
    return replace(was, items=kept)


def _same_record(one: Any, other: Any) -> bool:
    if type(one) is Held and type(other) is Held:
        return one.ident == other.ident
    return type(one) is type(other) and bool(one == other)

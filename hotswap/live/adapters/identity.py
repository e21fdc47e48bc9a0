"""One object takes another's place: the live app takes over from the one that was made on the side."""

from __future__ import annotations

import contextlib
import gc
import types
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hotswap.live.looking import VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hotswap.live.journal import Journal


def put(target: dict[Any, Any], content: dict[Any, Any]) -> None:
    """Make `target` hold exactly `content`; no key that stays is ever missing, for threads that read it meanwhile."""
    target.update(content)
    for key in [key for key in target if key not in content]:
        del target[key]


def remember(target: dict[Any, Any], journal: Journal) -> None:
    """Remember a dict's content without a moment in which it is empty when it is put back."""
    content = dict(target)
    journal.undo(lambda: put(target, content))


_twins: dict[int, types.MethodType] = {}
"""``id()`` of a live object -> the one made last in its place: Flask's JSON provider and static view hold it weakly."""


def share(old: Any, new: Any) -> None:
    """Let `new` act on the state of `old`: what still holds `new` (a bound method, a tuple) then does no harm."""
    new.__dict__ = old.__dict__
    # in a bound method, which whoever lets `old` stand in for `new` does not reach
    _twins[id(old)] = types.MethodType(_alive, new)


def take(
    mine: Any,
    theirs: Any,
    *,
    state: Collection[str],
    constructed: Collection[str] | None = None,
    drop: Callable[[str], bool] = lambda _: False,
    twins: Mapping[int, Any] = MappingProxyType({}),
) -> None:
    """Put the attributes of `theirs`, made on the side, into `mine`; lists and dicts of `mine` keep their identity.

    Args:
        state: Attributes that stay as they are.
        constructed: Attributes that the framework's own constructor sets; what else gathers things is a subclass's
            state (rooms, connections) and stays. None: all are the framework's.
        drop: Says which attributes that only `mine` has go; the others were set while the app ran, and stay.
        twins: ``id()`` of an object of `theirs` -> what stands in for it.
    """
    ours, content = vars(mine), dict(vars(theirs))
    for name, value in ours.items():
        if name in state:
            content[name] = value
        elif name not in content:
            if not drop(name):
                content[name] = value
        elif (
            constructed is not None
            and name not in constructed
            and not issubclass(type(value), VALUES)
        ):
            content[name] = value
    for name, value in content.items():
        content[name] = twins.get(id(value), value)
        kept = ours.get(name)
        if kept is value:
            continue
        if type(value) is not type(kept):
            continue
        if type(value) is list:
            kept[:] = value
            content[name] = kept
        elif issubclass(type(value), dict):
            put(kept, value)
            content[name] = kept
    put(ours, content)


_given: dict[int, dict[Any, Any]] = {}
"""``id()`` of a live state object -> what `add_state` put into it, gone once the maker no longer sets it."""


def add_state(mine: Any, theirs: Any, journal: Journal) -> None:
    """Give a live state object (``app.state``, a dict) the keys that only the new one has; its own values stay."""
    ours, new = _entries(mine), _entries(theirs)
    if ours is None or new is None or ours is new:
        return
    before = _given.get(id(mine), {})
    given = {name: value for name, value in before.items() if name in new}
    for name, value in before.items():
        if name not in new and ours.get(name) is value:
            remember(ours, journal)
            del ours[name]
    for name, value in new.items():
        if name not in ours:
            given[name] = value
            journal.setitem(ours, name, value)
    if given or before:
        journal.undo(lambda: _given.__setitem__(id(mine), before))
        _given[id(mine)] = given


def _entries(state: Any) -> dict[Any, Any] | None:
    """Give the dict in which a state object keeps its values (Starlette's ``State._state``)."""
    if issubclass(type(state), dict):
        found: dict[Any, Any] = state
        return found
    own = getattr(state, "__dict__", {}).get("_state")
    return own if type(own) is dict else None


def _alive(_: object) -> None:
    """Bound to a twin, keeps it alive."""


def stand_in(old: Any, new: Any, journal: Journal, *, beside: Collection[int] = ()) -> None:
    """Put `old` wherever a list, dict, cell or attribute refers to `new`.

    Args:
        beside: ``id()`` of containers that are to keep `new`.
    """
    for holder in gc.get_referrers(new):
        if id(holder) in beside:
            continue
        kind = type(holder)
        if kind is list:
            _in_list(holder, old, new, journal)
        elif kind is dict:
            _in_dict(holder, old, new, journal)
        elif kind is types.CellType:
            _in_cell(holder, old, new, journal)
        elif not isinstance(holder, (types.FrameType, types.MethodType, type, tuple)):
            _in_attributes(holder, old, new, journal)


def _in_list(holder: list[Any], old: Any, new: Any, journal: Journal) -> None:
    places = [place for place, value in enumerate(holder) if value is new]
    if places:
        journal.content(holder)
        for place in places:
            holder[place] = old


def _in_dict(holder: dict[Any, Any], old: Any, new: Any, journal: Journal) -> None:
    for key in [key for key, value in holder.items() if value is new]:
        journal.setitem(holder, key, old)


def _in_cell(cell: types.CellType, old: Any, new: Any, journal: Journal) -> None:
    def undo() -> None:
        cell.cell_contents = new

    journal.undo(undo)
    cell.cell_contents = old


def _in_attributes(holder: Any, old: Any, new: Any, journal: Journal) -> None:
    """Objects whose attributes lie in slots or inline: found by name, written past any ``__setattr__``."""
    names: set[str] = set()
    for cls in type(holder).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names.update((slots,) if isinstance(slots, str) else slots)
    with contextlib.suppress(AttributeError):
        names.update(object.__getattribute__(holder, "__dict__"))
    for name in names:
        try:
            if object.__getattribute__(holder, name) is not new:
                continue
        except AttributeError:
            continue
        journal.setattr(holder, name, old)

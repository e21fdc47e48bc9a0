"""One object takes another's place: the live app takes over from the one that was made on the side."""

from __future__ import annotations

import contextlib
import gc
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

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


def share(old: Any, new: Any) -> None:
    """Let `new` act on the state of `old`: what still holds `new` (a bound method, a tuple) then does no harm."""
    new.__dict__ = old.__dict__


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

"""Classes that cannot be patched: the new class takes the old one's place where no instance lives."""

from __future__ import annotations

import gc
from abc import ABCMeta
from types import FunctionType
from typing import TYPE_CHECKING

from hotswap.live.abstract import forget_checks
from hotswap.live.adapters.base import Refused
from hotswap.live.functions import WRAPPERS
from hotswap.live.journal import MISSING
from hotswap.live.namespaces import class_cells, only_alias, own_dict, shared

if TYPE_CHECKING:
    from hotswap.live.functions import Graft


def take_new(graft: Graft, old: type, new: type, reason: str) -> type:
    """Let the new class replace the old one, where nothing live was made from the old.

    Its methods go on as the old function objects, which others may hold. Its subclasses are given the new class as
    their base; one that CPython does not let go (another metaclass, another layout) has to be made anew by its own
    statement before the swap ends (`refuse_orphans`).

    Raises:
        Refused: An instance of the old class lives.
    """
    alive = [o for o in gc.get_objects() if type(o) is old]
    if alive:
        raise Refused(f"{reason}, and {len(alive)} of it live{'s' if len(alive) == 1 else ''}")
    graft.pairs.add(old, new)
    graft.changed.attributes.add((id(new), "*"))
    _hand_methods_over(graft, old, new)
    for child in subclasses(old):
        if child is new or id(child) in graft.pairs:
            continue
        try:
            _rebase(graft, child, old, new)
        except TypeError:
            graft.changed.orphans[id(child)] = (
                f"{reason}, and it has subclasses ({child.__qualname__})"
            )
    graft.changed.shaped.append(new)
    return new


def _hand_methods_over(graft: Graft, old: type, new: type) -> None:
    """Let the old class's functions do what the new class's do, in the new class."""
    ours, theirs = own_dict(old), own_dict(new)
    for cell in class_cells(old, ours):
        graft.set_cell(cell, new)
    for name, value in theirs.items():
        before = ours.get(name, MISSING)
        if type(before) is type(value) and isinstance(value, (FunctionType, *WRAPPERS)):
            if not shared(before, value, new) and not only_alias(name, before, value, ours, theirs):
                merged = graft.merge(before, value, new)
                if merged is not value:
                    graft.journal.setattr(new, name, merged)


def _rebase(graft: Graft, child: type, old: type, new: type) -> None:
    if type(old) is not type(new):
        raise TypeError("the metaclass of a class cannot be changed")
    before = child.__bases__
    child.__bases__ = tuple(new if base is old else base for base in before)
    graft.journal.undo(lambda: setattr(child, "__bases__", before))
    if isinstance(child, ABCMeta):
        forget_checks(graft, child)


def subclasses(cls: type) -> list[type]:
    """Give the direct subclasses of a class, of a metaclass too."""
    found: list[type] = type.__subclasses__(cls)
    return found


def refuse_orphans(graft: Graft) -> None:
    """After all statements ran: see that every subclass of a replaced class was made anew too.

    Raises:
        Refused: One was not.
    """
    for child, reason in graft.changed.orphans.items():
        if child not in graft.pairs:
            raise Refused(reason)


def count_alive(cls: type) -> int:
    """Count the instances of a class, not those of its subclasses."""
    return sum(type(o) is cls for o in gc.get_objects())


def refuse_alive(old: type, home: str) -> None:
    """Refuse to let a class move to another module while instances of it live.

    Raises:
        Refused: There are some.
    """
    alive = count_alive(old)
    if alive:
        kept = f"{alive} of it live{'s' if alive == 1 else ''}"
        raise Refused(f"{old.__qualname__} moved to {home}, and {kept}")


def take_moved(graft: Graft, old: type, new: type) -> None:
    """A class moved to another module: who holds the old one gets the new one, if nothing was made from the old.

    Raises:
        Refused: Instances live; in this process they would belong to a class that the source no longer has.
    """
    refuse_alive(old, new.__module__)
    graft.pairs.add(old, new)
    theirs = own_dict(new)
    for name, value in own_dict(old).items():
        after = theirs.get(name)
        if isinstance(value, FunctionType) and isinstance(after, FunctionType):
            graft.lead(value, after)

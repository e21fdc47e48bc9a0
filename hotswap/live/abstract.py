"""Abstract classes: which methods they lack by now, and what their checks remember."""

from __future__ import annotations

from abc import ABCMeta, update_abstractmethods
from functools import partial
from typing import TYPE_CHECKING, Any

from hotswap.live.namespaces import own_dict

if TYPE_CHECKING:
    from hotswap.live.functions import Graft


def count_abstract(graft: Graft, old: type, theirs: dict[str, Any]) -> None:
    names = theirs.get("__abstractmethods__", frozenset())
    before = own_dict(old).get("__abstractmethods__", frozenset())
    if names != before:
        # a getset of type: deleting it would lose the flag, an empty set clears it
        graft.journal.undo(lambda: setattr(old, "__abstractmethods__", before))
        old.__abstractmethods__ = names  # type: ignore[attr-defined]
    if isinstance(old, ABCMeta):
        forget_checks(graft, old)


def forget_checks(graft: Graft, cls: type) -> None:
    """Drop what ABCs cached about ``isinstance``, and work out again which methods subclasses still lack."""
    from _abc import _reset_caches  # type: ignore[import-not-found]  # abc.py uses it, where it exists

    _reset_caches(cls)
    children: list[type] = type.__subclasses__(cls)
    for child in children:
        if isinstance(child, ABCMeta):
            before = own_dict(child).get("__abstractmethods__", frozenset())
            recount: Any = update_abstractmethods
            recount(child)
            if own_dict(child).get("__abstractmethods__", frozenset()) != before:
                graft.journal.undo(partial(setattr, child, "__abstractmethods__", before))
            forget_checks(graft, child)

"""Dicts and sets whose keys hash otherwise now: they are filled again, so that what lies in them is found.

A frozen dataclass hashes its fields: one field more, and no dict finds the instances it was given before.
"""

from __future__ import annotations

import gc
import logging
from enum import EnumMeta
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.instances import heirs
from hotswap.live.patch import instances_of

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger("hotswap")

HASHING: Final = ("__eq__", "__hash__")


def hashing(classes: Iterable[object]) -> set[type]:
    """Give those of some changed classes whose instances a function in Python hashes, and their subclasses."""
    found: set[type] = set()
    for cls in classes:
        if isinstance(cls, type) and not isinstance(cls, EnumMeta):
            found |= {heir for heir in heirs(cls) if type(heir.__hash__) is FunctionType}
    return found


def rehash(classes: set[type]) -> None:
    """Fill every dict and set again that has an instance of `classes` for a key. Only once the swap holds."""
    living = [one for held in instances_of(classes).values() for one in held]
    if not living:
        return
    ids = {id(one) for one in living}
    holders = gc.get_referrers(*living)
    for holder in holders:
        if issubclass(type(holder), (dict, set)) and any(id(key) in ids for key in list(holder)):
            _fill_again(holder)
    holders.clear()


def _fill_again(holder: Any) -> None:
    if isinstance(holder, dict):
        items = list(dict.items(holder))
        kept = dict.copy(holder)
        dict.clear(holder)
        try:
            dict.update(holder, items)
        except Exception:  # the user's own __hash__ raised: what could be found before stays so
            dict.clear(holder)
            dict.update(holder, kept)
            log.exception("a key could not be hashed again")
        return
    members = set.copy(holder)
    elements = list(members)
    set.clear(holder)
    try:
        set.update(holder, elements)
    except Exception:
        set.clear(holder)
        set.update(holder, members)
        log.exception("an element could not be hashed again")

"""``@hotswap.migrate`` after an exec reload: instances that were carried are brought to their class's new shape."""

from __future__ import annotations

import gc
import logging
from typing import Any

from hotswap import hooks

log = logging.getLogger("hotswap")


def instances() -> set[int]:
    """Give the identities of instances that import itself has made: they need no migration."""
    if not hooks.runtime.migrations:
        return set()
    return {id(thing) for thing in gc.get_objects() if _migration(thing) is not None}


def _migration(thing: Any) -> Any:
    cls = type(thing)
    return hooks.runtime.migrations.get((cls.__module__, cls.__qualname__))


def migrate(known: set[int]) -> list[str]:
    """Call ``@hotswap.migrate`` functions with the instances that were carried."""
    if not hooks.runtime.migrations:
        return []
    notes = []
    for thing in gc.get_objects():
        change = _migration(thing)
        if change is not None and id(thing) not in known:
            try:
                change(thing)
            except Exception as error:
                log.exception("migration of a carried %s failed", type(thing).__qualname__)
                notes.append(f"{type(thing).__qualname__}: migration failed: {error!r}")
    return notes

"""What lived through a swap, for the report: the instances of the classes that changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap.live.looking import class_at, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.source.model import Change


def changed_classes(
    changes: Iterable[Change], modules: Iterable[ModuleSwap]
) -> dict[tuple[str, str], type]:
    """Give ``(path, name of the change)`` -> the live class that it changes, or one of whose members it changes."""
    names = {module.entry.path: module.names for module in modules}
    found: dict[tuple[str, str], type] = {}
    for change in changes:
        own = names.get(change.path)
        if own is None or not change.name.replace(".", "").isidentifier():
            continue
        cls = class_at(own, change.name)
        if cls is None and change.mark != "-":
            cls = owner_of(own, change.name)
        if cls is not None:
            found[change.path, change.name] = cls
    return found


def with_kept(
    changes: Iterable[Change],
    classes: Mapping[tuple[str, str], type],
    instances: Mapping[type, list[Any]],
) -> list[Change]:
    """Say on the first change of each class how many instances of it live on."""
    told: set[type] = set()
    found = []
    for change in changes:
        cls = classes.get((change.path, change.name))
        count = len(instances.get(cls, ())) if cls is not None and cls not in told else 0
        if cls is not None and count:
            told.add(cls)
            name = cls.__name__ if count == 1 else f"{cls.__name__}s"
            change = replace(change, kept=f"{count} {name} kept")  # noqa: PLW2901 - the same row
        found.append(change)
    return found

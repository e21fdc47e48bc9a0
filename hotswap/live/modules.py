"""Modules that came, went, or moved to another file during a swap."""

from __future__ import annotations

import os
import sys
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.live.batch import Batch
    from hotswap.live.journal import Journal
    from hotswap.live.tracker import Tracker


def imports_as_they_are(tracker: Tracker) -> Callable[[], None]:
    """Remember which modules there are; calling what is given puts that back."""
    modules, loaded, failed = (
        dict(sys.modules),
        dict(tracker.loaded),
        dict(tracker.failed),
    )
    opened = {
        e.name: ({k: set(v) for k, v in e.opened.items()}, dict(e.missing))
        for e in loaded.values()
        if e.opened or e.missing
    }

    def put_back() -> None:
        _restore_modules(modules)
        tracker.loaded.clear()
        tracker.loaded.update(loaded)
        tracker.failed.clear()
        tracker.failed.update(failed)
        for entry in loaded.values():
            before, missing = opened.get(entry.name, ({}, {}))
            tracker.attempted.update(path for path in entry.opened if path not in before)
            entry.opened, entry.missing = dict(before), dict(missing)

    return put_back


def move_files(batch: Batch, journal: Journal) -> None:
    """Tell a module that became a package, or the other way round, where it lives now."""
    for edit in batch.edits:
        if not edit.filename:
            continue
        names, filename = edit.entry.names, edit.filename
        package = os.path.basename(filename) == "__init__.py"
        folders = [os.path.dirname(filename)] if package else None
        spec = spec_from_file_location(
            edit.entry.name, filename, submodule_search_locations=folders
        )
        journal.content(names)
        names.update(__file__=filename, __spec__=spec, __cached__=spec.cached if spec else None)
        names["__package__"] = edit.entry.name if package else edit.entry.name.rpartition(".")[0]
        if package:
            names["__path__"] = folders
        else:
            names.pop("__path__", None)


def delete_modules(tracker: Tracker, batch: Batch, journal: Journal) -> None:
    """Take modules whose files are gone out of `sys.modules`.

    Raises:
        Refused: It is the program itself.
    """
    for entry in batch.deleted:
        if entry.name in tracker.needed:
            raise Refused(f"{entry.path} is the program itself and was deleted")
        journal.setitem(sys.modules, entry.name, None)
        del sys.modules[entry.name]
        parent, _, child = entry.name.rpartition(".")
        holder = sys.modules.get(parent)
        if holder is not None and holder.__dict__.get(child) is entry.module:
            journal.content(holder.__dict__)
            del holder.__dict__[child]
        tracker.loaded.pop(entry.name, None)


def _restore_modules(before: dict[str, Any]) -> None:
    """Let `sys.modules` hold what it held, and packages no submodule that was imported since."""
    for name in [n for n in sys.modules if n not in before]:
        module = sys.modules.pop(name)
        parent, _, child = name.rpartition(".")
        holder = sys.modules.get(parent)
        if holder is not None and holder.__dict__.get(child) is module:
            del holder.__dict__[child]
    for name, module in before.items():
        if sys.modules.get(name) is not module:
            sys.modules[name] = module

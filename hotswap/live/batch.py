"""A batch: what the saved files, and those of faulted batches before them, are to change in the modules that run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hotswap.live.opening import ANY, digest_of
from hotswap.source.faults import KINDS
from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap.live.loaded import Loaded
    from hotswap.live.tracker import Tracker


@dataclass(slots=True, eq=False)
class Edit:
    """One module's new source."""

    entry: Loaded
    data: bytes
    old_lines: set[int] = field(default_factory=set)
    """Lines of the running source whose statements run again although their text did not change."""
    because: str = ""
    filename: str = ""
    """Where the module lives from now on, when that changed (a module became a package)."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What changed outside the source together with a batch, and is so already."""

    path: str = ""
    """The file that told: ``.env``."""
    variables: frozenset[str] = frozenset()
    """Environment variables that have another value, or none any more."""
    objects: tuple[Any, ...] = ()
    """Objects refreshed in place: settings."""


@dataclass(slots=True)
class Batch:
    """What is to be swapped in together."""

    edits: list[Edit] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """As given, those that differ from what runs."""
    deleted: list[Loaded] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    """Files that hold what runs: no longer pending, if they were."""
    outside: Outside = Outside()

    @classmethod
    def of_sources(cls, tracker: Tracker, sources: Mapping[str, bytes | None]) -> Batch:
        """Make a batch of sources held in memory (undo)."""
        batch = cls()
        for path, data in sources.items():
            for entry in tracker.at(path):
                if data is not None and entry.data != data:
                    batch.edits.append(Edit(entry, data))
                    batch.paths.append(path)
        return batch


def read_batch(
    tracker: Tracker,
    given: list[str] | None,
    pending: Iterable[str],
    outside: Outside = Outside(),
) -> Batch:
    """Read the files of a batch and of the faulted ones before it; drop those that equal what runs."""
    batch = Batch(outside=outside)
    if given is None:
        candidates = sorted({*tracker.tracked(), *tracker.failed, *tracker.loose()})
    else:
        candidates = list(dict.fromkeys([*given, *pending]))
    seen: set[str] = set()
    for path in candidates:
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        _read_one(tracker, batch, path, real)
    _join_data(batch)
    _relocate(tracker, batch)
    _wake(tracker, batch)
    if (outside.variables or outside.objects) and outside.path not in batch.paths:
        batch.paths.append(outside.path)
    return batch


def _join_data(batch: Batch) -> None:
    """A module that is edited AND read a changed data file is one edit."""
    whole = {id(e.entry): e for e in batch.edits if not e.old_lines}
    kept: dict[int, Edit] = {}
    for edit in batch.edits:
        first = whole.get(id(edit.entry)) or kept.get(id(edit.entry))
        if edit.old_lines and first is not None and first is not edit:
            first.old_lines |= edit.old_lines
            first.because = edit.because
        else:
            kept[id(edit.entry)] = edit
    batch.edits = list(kept.values())


def _relocate(tracker: Tracker, batch: Batch) -> None:
    """``lib.py`` became ``lib/__init__.py``, or the other way round: the same module in another place.

    The new file says so by itself; word that the old one is gone may come later.
    """
    for path in list(batch.created):
        folder, base = os.path.split(path)
        twin = folder + ".py" if base == "__init__.py" else os.path.join(path[:-3], "__init__.py")
        entries = tracker.at(twin)
        if not entries or os.path.exists(twin):
            continue
        with open(path, "rb") as file:
            data = file.read()
        batch.edits += [Edit(entry, data, filename=path) for entry in entries]
        batch.deleted = [entry for entry in batch.deleted if entry not in entries]
        batch.created.remove(path)
        batch.paths += [p for p in (path, twin) if p not in batch.paths]


def _wake(tracker: Tracker, batch: Batch) -> None:
    """A new, mended or deleted file: let the statements run again that asked for it in vain, or listed its folder."""
    gone = [entry.path for entry in batch.deleted]
    for path in (*batch.created, *gone):
        for entry in list(tracker.loaded.values()):
            for name, lines in entry.missing.items():
                listed = name.endswith(ANY)
                if not could_be(name, path) or (path in gone and not listed):
                    continue
                existing = next((e for e in batch.edits if e.entry is entry), None)
                if existing is None:
                    existing = Edit(entry, entry.data)
                    batch.edits.append(existing)
                existing.old_lines |= lines
                new = os.path.basename(path) if listed else name
                existing.because = f"{new} {'is gone' if path in gone else 'exists now'}"
                if path not in batch.paths:
                    batch.paths.append(path)


def could_be(name: str, path: str) -> bool:
    """Say whether a file could be the one that makes a module of that name."""
    folder, star = os.path.split(name)
    if star == ANY:
        home, base = os.path.split(path)
        return folder == (os.path.dirname(home) if base == "__init__.py" else home)
    parts = name.split(".")
    tail = os.path.join(*parts)
    return path.endswith((os.sep + tail + ".py", os.sep + os.path.join(tail, "__init__.py")))


def _read_one(tracker: Tracker, batch: Batch, path: str, real: str) -> None:
    entries = tracker.at(real)
    try:
        with open(real, "rb") as file:
            data: bytes | None = file.read()
    except (FileNotFoundError, NotADirectoryError):
        data = None
    except OSError as error:
        kind = KINDS["HS102"]
        batch.faults.append(Fault(kind.code, kind.title, str(error), path=path, hint=kind.remedy))
        batch.paths.append(path)
        return
    if entries:
        if data is None:
            batch.deleted += entries
            batch.paths.append(path)
            return
        edits = [Edit(e, data) for e in entries if e.data != data]
        if edits:
            batch.edits += edits
            batch.paths.append(path)
        else:
            batch.same.append(path)
        return
    readers = [e for e in tracker.loaded.values() if real in e.opened]
    if readers:
        digest = digest_of(real)
        stale = [e for e in readers if e.seen.get(real) != digest]
        for entry in stale:
            name = os.path.basename(real)
            batch.edits.append(
                Edit(
                    entry,
                    entry.data,
                    set(entry.opened[real]),
                    f"{name} {'changed' if digest else 'is gone'}",
                )
            )
        if stale:
            batch.paths.append(path)
        return
    if data is not None and real.endswith(".py") and tracker.is_tracked(real):
        loose = tracker.find_loose(real)
        for entry in loose:
            if entry.data != data:
                batch.edits.append(Edit(entry, data))
                batch.paths.append(path)
        if not loose:
            batch.created.append(real)
        return
    batch.ignored.append(path)

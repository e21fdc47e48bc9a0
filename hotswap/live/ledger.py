"""The ledger: which source each live module runs, and what tracebacks and `inspect` show of it."""

from __future__ import annotations

import linecache
import os
from typing import TYPE_CHECKING

from hotswap.live.stacks import executing
from hotswap.source.units import Text

if TYPE_CHECKING:
    from hotswap.live.batch import Batch
    from hotswap.live.loaded import Loaded
    from hotswap.live.planning import Planned
    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.live.tracker import Tracker


def write_ledger(tracker: Tracker, batch: Batch, planned: Planned) -> None:
    """Note what the modules of a batch run from now on, and which of their lines read data or asked in vain."""
    for module in planned.modules:
        entry, text = module.entry, module.text
        _follow_lines(module, *planned.noted[module.name])
        _follow_run(module)
        entry.data = text.data
        entry.code = planned.compiled[text.filename]
        entry.loads = None
        entry.assigned.clear()
        entry.gained |= {s.unit.name for s in module.steps if s.situation == "new"}
        if entry.filename != text.filename:
            entry.exact = False  # unchanged functions go on with code that names the old file
            entry.filename, entry.path = text.filename, os.path.realpath(text.filename)
        tracker.note_data(entry)
        tracker.failed.pop(entry.path, None)
        show(entry.filename, text)
    created = set(map(os.path.realpath, batch.created))
    for entry in list(tracker.loaded.values()) if created else ():
        if entry.path in created:
            entry.gained |= {u.name for u in Text(entry.filename, entry.data).units}
    for entry in batch.deleted:
        linecache.cache.pop(entry.filename, None)


def running_line(entry: Loaded) -> int:
    """Give the line, of the source as it is now, at which a module's own code still runs (a script at its loop), or 0.

    The frame goes on with the code it began with, whose lines are those of the first source.
    """
    first = _frame_line(entry)
    return entry.stands.get(first, first)


def _frame_line(entry: Loaded) -> int:
    for _, frame in executing():
        code = frame.f_code
        if code.co_name == "<module>" and frame.f_globals is entry.names:
            if code.co_filename == entry.filename:
                return frame.f_lineno
    return 0


def _follow_run(module: ModuleSwap) -> None:
    """The statement that a module is still running may stand on another line now."""
    first = 0 if module.entry.complete or module.plan is None else _frame_line(module.entry)
    if not first or module.plan is None:
        return
    line = module.entry.stands.get(first, first)
    for step in module.plan.steps:
        old, new = step.old, step.unit
        if old is not None and old.line <= line <= old.end:
            module.entry.stands[first] = new.line + min(line - old.line, new.end - new.line)


def _follow_lines(
    module: ModuleSwap, opened: dict[str, set[int]], missing: dict[str, set[int]]
) -> None:
    """Statements that read data files, or asked for missing modules, may stand on other lines now."""
    plan = module.plan
    if plan is None:
        return
    places = [
        (s.old, s.unit, id(s.unit) in module.ran)
        for s in plan.steps
        if s.old is not None and not s.is_guard
    ]
    for table, before in (
        (module.entry.opened, opened),
        (module.entry.missing, missing),
    ):
        recorded = {key: set(lines) - before.get(key, set()) for key, lines in table.items()}
        table.clear()
        for key in {*before, *recorded}:
            lines = set(recorded.get(key, ()))
            for line in before.get(key, ()):
                for old, new, ran in places:
                    if old.line <= line <= old.end and not (ran and key not in recorded):
                        lines.add(new.line + min(line - old.line, new.end - new.line))
            if lines:
                table[key] = lines


def show(filename: str, text: Text) -> None:
    """Let tracebacks, pdb and `inspect.getsource` show the source that runs, whatever the file holds by now."""
    lines = text.lines
    if lines and lines[-1] == "\n":
        lines = lines[:-1]
    linecache.cache[filename] = (len(text.data), None, list(lines), filename)


def show_running(batch: Batch) -> None:
    """Show the sources that run, after a batch came to nothing."""
    for edit in batch.edits:
        show(edit.entry.filename, Text(edit.entry.filename, edit.entry.data))

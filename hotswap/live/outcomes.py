"""What became of a batch that was not swapped in: the refusal or the fault, in words, with the user's frames."""

from __future__ import annotations

import linecache
import os
import traceback
from typing import TYPE_CHECKING

from hotswap.live.ledger import show_running
from hotswap.source.faults import KINDS, syntax_fault
from hotswap.source.model import Fault, Frame, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.live.batch import Batch
    from hotswap.live.instances import HookRaised
    from hotswap.live.rerun.state import StatementRaised
    from hotswap.live.tracker import Tracker
    from hotswap.source.model import Change, Rung
    from hotswap.source.units import Text


def needs_exec(batch: Batch, changes: list[Change], reason: str) -> Outcome:
    """Nothing changed: only a fresh process can carry the batch out."""
    return Outcome(
        ok=False,
        rung="exec",
        files=tuple(batch.paths),
        changes=tuple(changes),
        reason=reason,
    )


def faulted(batch: Batch, fault: Fault, rung: Rung | None) -> Outcome:
    """Nothing changed: the old code serves on."""
    show_running(batch)
    return Outcome(ok=False, rung=rung, files=tuple(batch.paths), fault=fault)


def statement_fault(tracker: Tracker, texts: Mapping[str, Text], raised: StatementRaised) -> Fault:
    """Say what a statement raised while it ran, and where."""
    kind = KINDS["HS201"]
    error = raised.error
    if isinstance(error, SyntaxError) and error.filename:
        return syntax_fault(error, error.filename)
    frames = _frames(tracker, texts, error)
    last = frames[-1] if frames else None
    what = raised.unit.label
    return Fault(
        kind.code,
        f"{type(error).__name__} while {what} ran",
        str(error) or type(error).__name__,
        path=last.path if last else raised.entry.path,
        line=last.line if last else raised.unit.line,
        text=last.text if last else "",
        frames=frames,
        hint=kind.remedy,
    )


def _frames(tracker: Tracker, texts: Mapping[str, Text], error: BaseException) -> tuple[Frame, ...]:
    """Give the user's frames of a traceback, outermost first, with the lines of the new source."""
    found = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        path = os.path.realpath(code.co_filename)
        if not tracker.is_tracked(path):
            continue
        text = texts.get(code.co_filename)
        if text is not None and line <= len(text.lines):
            shown = text.lines[line - 1].strip()
        else:
            shown = linecache.getline(code.co_filename, line).strip()
        found.append(Frame(path, line, code.co_name, shown))
    return tuple(found)


def hook_fault(tracker: Tracker, texts: Mapping[str, Text], raised: HookRaised) -> Fault:
    """Say which function that the app registered raised."""
    kind = KINDS["HS203"]
    frames = _frames(tracker, texts, raised.error)
    return Fault(kind.code, kind.title, str(raised), frames=frames, hint=kind.remedy)


def our_fault(error: Exception) -> Fault:
    """Say what went wrong in hotswap itself, with the whole traceback."""
    kind = KINDS["HS301"]
    return Fault(
        kind.code,
        kind.title,
        f"{type(error).__name__}: {error}",
        text="".join(traceback.format_exception(error)),
        hint=kind.remedy,
    )


def unparsable(batch: Batch, error: SyntaxError) -> Fault:
    """Say where a new source cannot be parsed."""
    filename = error.filename or ""
    for edit in batch.edits:
        if edit.entry.filename == filename:
            return syntax_fault(error, edit.entry.path)
    return syntax_fault(error, filename)

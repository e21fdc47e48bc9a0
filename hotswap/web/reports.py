"""What a save's Outcome and its faults look like as events of the channel. PURE."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.source.model import Fault, Outcome

SHOWN_CHANGES = 40
SHOWN_FRAMES = 30


def relative(path: str, root: str) -> str:
    """Spell a path as the user thinks of it: below `root` without it, else whole."""
    if not path or not os.path.isabs(path):
        return path
    real, base = os.path.realpath(path), os.path.realpath(root)
    return os.path.relpath(real, base) if real.startswith(base + os.sep) else path


def patched(outcome: Outcome, root: str) -> dict[str, Any]:
    """Give the facts of a ``patched`` event."""
    facts: dict[str, Any] = {
        "files": [relative(path, root) for path in outcome.files],
        "changed": [
            f"{change.mark} {change.name}" if change.mark != "~" else change.name
            for change in outcome.changes[:SHOWN_CHANGES]
        ],
        "rung": outcome.rung,
        "verdict": outcome.verdict,
        "generation": outcome.generation,
        "ms": round(outcome.ms, 2),
        "reason": outcome.reason,
        "stale": len(outcome.stale),
    }
    if outcome.reload is not None:
        facts["blackout_ms"] = round(outcome.reload.blackout_ms, 1)
        facts["carried"] = dict(outcome.reload.kept)
        facts["lost"] = list(outcome.reload.lost)
    return facts


def faulted(fault: Fault, root: str, *, kind: str) -> dict[str, Any]:
    """Give the facts of an ``error`` event; its frames innermost first, as the overlay shows them."""
    frames: list[dict[str, Any]] = []
    if fault.path:
        frames.append(_frame(fault.path, fault.line, root, code=fault.text, column=fault.column))
    for frame in reversed(fault.frames[-SHOWN_FRAMES:]):
        known = frames and frames[0]["file"] == _absolute(frame.path, root)
        if known and frames[0]["line"] == frame.line:
            frames[0]["func"] = frame.function
            continue
        frames.append(
            _frame(frame.path, frame.line, root, code=frame.text, function=frame.function)
        )
    return {
        "kind": kind,
        "title": fault.title,
        "message": fault.message,
        "code": fault.code,
        "hint": fault.hint,
        "frames": frames,
    }


def raised(error: BaseException, root: str, *, within: Sequence[str]) -> list[dict[str, Any]]:
    """Give the frames of an exception that lie below one of `within`, innermost first; all when none does."""
    from traceback import extract_tb

    found = extract_tb(error.__traceback__)
    folders = tuple(os.path.realpath(folder) + os.sep for folder in within)
    own = [f for f in found if os.path.realpath(f.filename).startswith(folders)] or found[-3:]
    return [
        _frame(f.filename, f.lineno or 0, root, code=f.line or "", function=f.name)
        for f in reversed(own[-SHOWN_FRAMES:])
    ]


def _frame(
    path: str, line: int, root: str, *, code: str, function: str = "", column: int = 0
) -> dict[str, Any]:
    return {
        "file": _absolute(path, root),
        "rel": relative(path, root),
        "line": line,
        "col": column,
        "func": function,
        "code": code.strip("\r\n"),
    }


def _absolute(path: str, root: str) -> str:
    return path if os.path.isabs(path) else os.path.join(os.path.realpath(root), path)

"""What runs while the code is swapped: suspended frames follow, and whatever still runs superseded code is named.

The engine finds the suspended frames in its one pass over the heap and calls `follow` as the last step of a swap; once
the swap holds it calls `Followed.finish`, which gives handlers that cannot follow the chance to be entered again.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.model import Suspended, Verdict
from hotswap.live.stacks import executing
from hotswap.source import codes
from hotswap.source.model import Stale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hotswap.live.journal import Journal

SWITCHED_OFF: Final = "live loops are switched off"
EXECUTING: Final = "it is executing; it runs the new body when it is called again"
_KINDS: Final[Mapping[type, tuple[str, str]]] = {
    CoroutineType: ("coroutine", "cr"),
    GeneratorType: ("generator", "gi"),
    AsyncGeneratorType: ("async generator", "ag"),
}


@dataclass(slots=True)
class Followed:
    """What became of the frames of one swap."""

    verdicts: list[Verdict] = field(default_factory=list)
    executing: list[Stale] = field(default_factory=list)
    quiet: set[int] = field(default_factory=set)
    """Ids of verdicts whose frame runs the same body as before, only on other lines."""

    def finish(
        self, reenter: Callable[[Suspended], bool] | None = None
    ) -> tuple[tuple[Stale, ...], tuple[str, ...]]:
        """Give what is stale, and what is worth a line. To be called once the swap holds.

        Args:
            reenter: Enters the handler again that a suspended frame belongs to; False when there is none.
        """
        stale: list[Verdict] = []
        entered: list[Verdict] = []
        tasks = _tasks() if reenter is not None else {}
        again: set[int] = set()
        for verdict in self.verdicts:
            if verdict.kind != "stale":
                continue
            task = tasks.get(id(verdict.suspended.owner))
            if id(task) in again:
                entered.append(verdict)  # with the handler that it is a part of
            elif reenter is not None and not verdict.waits and reenter(verdict.suspended):
                entered.append(verdict)
                again |= {id(task)} - {id(None)}
            else:
                stale.append(verdict)
        notes = list(_followed([v for v in self.verdicts if id(v) not in self.quiet]))
        for (name, reason), count in Counter((_name(v), v.reason) for v in entered).items():
            handlers = "handler is" if count == 1 else "handlers are"
            notes.append(f"{count} {handlers} entered again from the top, {name}: {reason}")
        return (*survey(stale), *self.executing), tuple(notes)


class _Living(dict[str, set[CodeType]]):
    """Code objects by file, told apart by value; made when asked for, as hashing thousands takes its time."""

    def __init__(self, current: Mapping[str, Iterable[CodeType]]) -> None:
        super().__init__()
        self._current = current

    def __contains__(self, path: object) -> bool:
        return path in self._current

    def named(self, code: CodeType) -> CodeType | None:
        """Give the one code of this name in the same file; None when there is none, or several."""
        same = [c for c in self._current[code.co_filename] if c.co_qualname == code.co_qualname]
        return same[0] if len(same) == 1 else None

    def __missing__(self, path: str) -> set[CodeType]:
        found = self[path] = set(self._current[path])
        return found


def follow(
    frames: Iterable[tuple[Any, CodeType]],
    pairs: Mapping[CodeType, CodeType],
    texts: Mapping[str, tuple[bytes, bytes]],
    current: Mapping[str, Iterable[CodeType]],
    journal: Journal,
    *,
    homes: Mapping[str, dict[str, Any]] | None = None,
    enabled: bool = True,
) -> Followed:
    """Let suspended frames take the new code, and look for executing ones that cannot.

    Args:
        frames: Coroutines, generators and async generators of the edited files, each with the code in its frame.
        pairs: Old code -> new code, for what changed in body or lines.
        texts: ``co_filename`` -> (bytes that ran, bytes that run now).
        current: ``co_filename`` -> all code objects of the new text.
        journal: Gets the undo of each frame that is written.
        homes: ``co_filename`` -> the globals of its module, for functions that moved there from another file.
        enabled: False leaves suspended frames as they are.
    """
    from hotswap.live import loops
    from hotswap.live.loops import lineage

    threads = executing()
    busy = {id(frame) for _, frame in threads}
    living = _Living(current)
    suspended = []
    for owner, code in frames:
        plain = lineage.plain(code)
        new = pairs.get(plain)
        frame = _frame_of(owner)
        ours = new is not None or plain.co_filename in living
        if frame is None or not ours or id(frame) in busy or codes.forwards(code):
            continue  # ended, not ours, named with its thread, or it awaits one that is looked at itself
        if new is None and plain in living[plain.co_filename]:
            if not lineage.superseded(code):
                continue  # it runs what is written
            new = plain  # an earlier swap could not move it: now perhaps
        elif new is None and lineage.superseded(code):
            new = living.named(plain)  # its function was gone, and is back
        home = None
        if new is not None and new.co_filename != code.co_filename:
            home = (homes or {}).get(new.co_filename)
        if home is frame.f_globals:
            home = None  # the module itself moved
        suspended.append(Suspended(owner, code, new, frame.f_globals, home))
    unchanged = _unchanged(suspended)  # moving notes what stays as standing for its new code
    if enabled:
        verdicts = loops.move(suspended, texts, journal)
    else:
        verdicts = [Verdict(s, "stale", SWITCHED_OFF, _line(s)) for s in suspended]
    followed = Followed(verdicts)
    followed.quiet = {id(v) for v in verdicts if id(v.suspended) in unchanged}
    for _, frame in threads:
        lineage.leave(frame.f_code, pairs, journal)
    followed.executing = list(survey_threads(threads, pairs, living))
    return followed


def _unchanged(suspended: Iterable[Suspended]) -> set[int]:
    """Give the ids of those whose body is the same as before, lines aside."""
    from hotswap.live.loops import lineage
    from hotswap.live.loops.bytecode import same_body

    same: dict[tuple[int, int], bool] = {}
    found = set()
    for one in suspended:
        if one.new is None:
            continue
        key = id(one.old), id(one.new)
        if key not in same:
            same[key] = same_body(lineage.plain(one.old), one.new)
        if same[key]:
            found.add(id(one))
    return found


def survey(verdicts: Sequence[Verdict]) -> tuple[Stale, ...]:
    """Name frames that stay on the old body, one row for each function, place and reason."""
    tasks = _tasks() if verdicts else {}
    counts: Counter[tuple[str, str, str, str, int]] = Counter()
    for verdict in verdicts:
        one = verdict.suspended
        kind = "task" if id(one.owner) in tasks else _KINDS[type(one.owner)][0]
        path = os.path.realpath(one.old.co_filename)
        counts[one.old.co_qualname, kind, verdict.reason, path, verdict.line] += 1
    return tuple(
        Stale(name=name, what=kind, reason=why, path=path, line=line, count=count)
        for (name, kind, why, path, line), count in counts.items()
    )


def survey_threads(
    executing: Iterable[tuple[int, FrameType]],
    pairs: Mapping[CodeType, CodeType],
    living: Mapping[str, set[CodeType]],
) -> Iterator[Stale]:
    """Name the frames that are executing superseded code, thread by thread."""
    from hotswap.live.loops import plain, superseded
    from hotswap.live.loops.bytecode import same_body

    names = {thread.ident: thread.name for thread in threading.enumerate()}
    counts: Counter[tuple[str, str, str, int]] = Counter()
    for ident, frame in executing:
        code, now = frame.f_code, plain(frame.f_code)
        if now.co_filename not in living:
            continue
        if superseded(code):
            current = same_body(code, pairs.get(now, now))
        else:
            current = _is_current(now, pairs, living[now.co_filename])
        if not current:
            where = os.path.realpath(code.co_filename)
            counts[code.co_qualname, names.get(ident, "?"), where, frame.f_lineno or 0] += 1
    for (name, thread, path, line), count in counts.items():
        reason = f"{thread}: {EXECUTING}"
        yield Stale(name=name, what="thread", reason=reason, path=path, line=line, count=count)


def _is_current(code: CodeType, pairs: Mapping[CodeType, CodeType], living: set[CodeType]) -> bool:
    """Tell whether the code does what the new text says, lines aside."""
    from hotswap.live.loops.bytecode import same_body

    function = code.co_flags & 0x2  # CO_NEWLOCALS: not a module or class body
    if code in living or not function:
        return True
    new = pairs.get(code)
    if new is not None:
        return same_body(code, new)
    return any(c.co_qualname == code.co_qualname and same_body(code, c) for c in living)


def _followed(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Say how many frames took the new body, and what of it the user should know."""
    took = [v for v in verdicts if v.kind in ("take", "unstarted")]
    if took:
        names = dict.fromkeys(_name(v) for v in took)
        some = ", ".join(list(names)[:3]) + (" ..." if len(names) > 3 else "")
        what = "suspended frame runs" if len(took) == 1 else "suspended frames run"
        yield f"{len(took)} {what} the new body: {some}"
    finishing = Counter((_name(v), v.line, v.reason) for v in verdicts if v.kind == "finish")
    for (name, line, reason), count in finishing.items():
        what = "frame finishes its turn" if count == 1 else "frames finish their turn"
        yield f"{count} {what} of {name} (line {line}) before the new body: {reason}"
    ending = Counter((_name(v), v.line, v.reason) for v in verdicts if v.kind == "ends")
    for (name, line, reason), count in ending.items():
        what = "call ends" if count == 1 else "calls end"
        yield f"{count} {what} in the old body of {name} (line {line}): {reason}"
    for (name, reason), count in Counter((_name(v), v.reason) for v in took if v.reason).items():
        yield f"{name}{f' (x{count})' if count > 1 else ''}: {reason}"


def _name(verdict: Verdict) -> str:
    return verdict.suspended.old.co_qualname


def _frame_of(owner: Any) -> FrameType | None:
    frame: FrameType | None = getattr(owner, f"{_KINDS[type(owner)][1]}_frame")
    return frame


def _line(one: Suspended) -> int:
    frame = _frame_of(one.owner)
    return (frame.f_lineno if frame is not None else 0) or one.old.co_firstlineno


def _tasks() -> dict[int, Any]:
    """Give the tasks of all event loops by the ids of the frames that they drive, outermost to innermost."""
    from hotswap.live.loops import ending

    found: dict[int, Any] = {}
    for task in ending.tasks():
        work = task.get_coro()
        for inner in (work, *ending.awaited(work)):
            found.setdefault(id(inner), task)
    return found

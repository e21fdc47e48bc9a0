"""An `Outcome` as lines: time, file, verb, milliseconds, generation; then what changed, what was kept, what is stale.

Pure: no clock, no terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap.console.lines import (
    INDENT,
    Line,
    Span,
    clean,
    columns,
    count,
    line,
    milliseconds,
    pad,
    short,
)
from hotswap.source.model import VERBS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap.console.lines import Style
    from hotswap.source.model import Change, Fault, Frame, Mark, Outcome, Reload, Stale

DETAILS: Final = 8
"""Lines below the first one without ``-v``."""
CHANGES: Final = 3
"""Of these, lines for changes that come before any note."""

FILE_COLUMN: Final = 24
VERB_COLUMN: Final = 23
NAME_COLUMN: Final = 14
WHAT_COLUMN: Final = 12

RUNNING: Final = frozenset({"task", "coroutine", "generator", "async generator", "thread"})
"""What a `Stale` is when a frame has not come out of superseded code."""

MARKS: Final[Mapping[Mark, Style]] = {"~": "warm", "+": "good", "-": "bad", "!": "bad"}
VERB_STYLES: Final[Mapping[str, Style]] = {
    "patch": "good",
    "reexec": "good",
    "exec": "warm",
    "noop": "quiet",
}


def report(
    outcome: Outcome,
    *,
    time: str,
    root: str,
    verbose: bool = False,
    repeated: int = 1,
    by: str = "",
) -> list[Line]:
    """Give the lines of one outcome; none when there is nothing to say."""
    if outcome.verdict == "unchanged" and not outcome.files and not outcome.stale:
        text = clean(outcome.reason or "nothing differs from what runs")
        return [Line((Span(pad(time, INDENT), "time"), Span(text, "quiet")))] if verbose else []
    details = _details(outcome, root)
    notes = len(outcome.notes) if outcome.fault is None else 0
    shown = details if verbose else _chosen(details, notes)
    lines = [_first(outcome, time, root, repeated, by), *(detail for detail, _ in shown)]
    if len(shown) < len(details):
        lines.append(line(Span(f"and {len(details) - len(shown)} more (-v shows all)", "quiet")))
    return lines


def _chosen(details: list[tuple[Line, bool]], notes: int) -> list[tuple[Line, bool]]:
    """Give those that are shown without ``-v``, in their order.

    What needs attention is never left out; a note (a handler is entered again, a local keeps its value) tells more than
    the fourth change does.

    Args:
        details: Lines, and whether each needs attention.
        notes: How many of them, the last ones, are notes.
    """
    if len(details) <= DETAILS:
        return details
    urgent = sum(matters for _, matters in details)
    room = max(DETAILS - 1 - urgent, 0)
    changes = min(len(details) - urgent - notes, max(room - notes, min(room, CHANGES)))
    left = {"change": changes, "note": room - changes}
    chosen = []
    for number, (detail, matters) in enumerate(details):
        kind = "note" if number >= len(details) - notes else "change"
        if matters or left[kind] > 0:
            chosen.append((detail, matters))
            left[kind] -= not matters
    return chosen


def healed(files: Sequence[str], generation: int, *, time: str, root: str) -> Line:
    """Say that what was broken is again as it runs: nothing was swapped, and nothing waits any more."""
    name = Span(pad(_files(files, root), FILE_COLUMN) + " ", "file")
    return Line(
        (
            Span(pad(time, INDENT), "time"),
            name,
            Span("mended, nothing new".ljust(VERB_COLUMN), "good"),
            Span(f"gen {generation}"),
        )
    )


def delivered(files: Sequence[str], did: str, *, time: str, root: str) -> Line:
    """Say what open pages did with the files that they were sent."""
    name = Span(pad(_files(files, root), FILE_COLUMN) + " ", "file")
    return Line((Span(pad(time, INDENT), "time"), name, Span(clean(did))), hang=INDENT)


def _first(outcome: Outcome, time: str, root: str, repeated: int, by: str) -> Line:
    """Say time, file, verb, milliseconds, generation."""
    spans = [
        Span(pad(time, INDENT), "time"),
        Span(pad(_files(outcome.files, root), FILE_COLUMN) + " ", "file"),
    ]
    generation = f"gen {outcome.generation}"
    if outcome.fault is not None:
        spans += [Span("not swapped", "bad"), Span(f", still running {generation}")]
    elif outcome.verdict == "needs exec":
        spans += [Span("needs an exec reload", "warm"), Span(f", still running {generation}")]
    else:
        rung = "exec" if outcome.reload is not None else outcome.rung or "noop"
        verb = Span(VERBS[rung], VERB_STYLES[rung])
        spans += [
            verb,
            Span(pad(f" in {milliseconds(outcome.ms)}", VERB_COLUMN - len(verb.text)) + generation),
        ]
    if repeated > 1:
        spans.append(Span(f"   (x{repeated})", "strong"))
    if outcome.fault is not None and outcome.fault.code:
        spans.append(Span(f"   {outcome.fault.code}", "quiet"))
    if by:
        spans.append(Span(f"   {by}"))
    return Line(tuple(spans))


def _files(files: Sequence[str], root: str) -> str:
    if not files:
        return "-"
    first = short(files[0], root)
    return first if len(files) == 1 else f"{first} +{len(files) - 1}"


def _details(outcome: Outcome, root: str) -> list[tuple[Line, bool]]:
    """Give the lines below the first, each with whether it needs attention."""
    first = outcome.files[0] if outcome.files else ""
    found: list[tuple[Line, bool]] = []
    if outcome.fault is not None:
        found += [(detail, True) for detail in fault_lines(outcome.fault, root=root, known=first)]
        others = [short(path, root) for path in outcome.pending if path not in outcome.files]
        if others:
            found.append((line(Span("waiting too: ", "quiet"), ", ".join(others)), False))
        return found
    widths = (
        max(
            [
                NAME_COLUMN,
                *(columns(change.name) for change in outcome.changes if len(change.name) <= 32),
            ]
        ),
        WHAT_COLUMN,
    )
    found += [
        (_change(change, first, root, widths), change.mark == "!") for change in outcome.changes
    ]
    if outcome.reason and (outcome.rung == "exec" or outcome.reload is not None):
        # Without a file somebody asked for it: no reason to worry.
        mark = [Span("! ", "bad")] if outcome.files else []
        found.append((line(*mark, clean(outcome.reason)), True))
    found += [(_stale(stale, root, widths[0]), True) for stale in outcome.stale]
    if outcome.reload is not None:
        found += _reload(outcome.reload)
    found += [(line(Span(clean(note), "quiet")), False) for note in outcome.notes]
    return found


def _change(change: Change, first: str, root: str, widths: tuple[int, int]) -> Line:
    what = clean(f"{change.what}, {change.because}" if change.because else change.what)
    tail = [clean(change.kept)] if change.kept else []
    if change.path and change.path != first:
        tail.append(short(change.path, root))
    name = clean(change.name)
    return line(
        Span(f"{change.mark} ", MARKS[change.mark]),
        pad(name, widths[0]) + " ",
        pad(what, widths[1]) if tail else what,
        Span("  " + "   ".join(tail) if tail else "", "quiet"),
        hang=INDENT + widths[0] + 3,
    )


def _stale(stale: Stale, root: str, width: int) -> Line:
    place = f" ({short(stale.path, root)}:{stale.line})" if stale.path and stale.line else ""
    return line(
        Span("! ", "bad"),
        pad(clean(stale.name), width) + " ",
        f"{_still(stale)}: {clean(stale.reason)}",
        Span(place, "quiet"),
        hang=INDENT + width + 3,
    )


def _still(stale: Stale) -> str:
    """Say what is old: a running frame, or a part of an object."""
    if stale.what in RUNNING:
        runs = "still runs" if stale.count == 1 else "still run"
        return f"{count(stale.count, stale.what)} {runs} the old body"
    times = f" (x{stale.count})" if stale.count > 1 else ""
    return f"old {clean(stale.what)} still in use{times}"


def _reload(reload: Reload) -> list[tuple[Line, bool]]:
    kept = ", ".join(count(number, kind) for kind, number in reload.kept.items() if number)
    facts = [f"kept {kept}" if kept else "kept no connection"]
    if reload.restarted:
        facts.append(f"{count(reload.restarted, 'handler')} entered again")
    if reload.state_bytes:
        facts.append(f"state {_size(reload.state_bytes)}")
    if reload.blackout_ms:
        facts.append(f"blackout {milliseconds(reload.blackout_ms)}")
    facts.append(f"lost {len(reload.lost)}")
    return [
        (line("; ".join(facts)), True),
        *((line(Span("! ", "bad"), f"lost {clean(lost)}"), True) for lost in reload.lost),
    ]


def _size(number: int) -> str:
    return (
        f"{number} B"
        if number < 1024
        else f"{number / 1024:.0f} kB"
        if number < 1 << 20
        else f"{number / (1 << 20):.1f} MB"
    )


def fault_lines(fault: Fault, *, root: str, known: str = "") -> list[Line]:
    """Give what went wrong, the user's frames, the offending line with a caret, and what to do.

    Args:
        fault: What to show.
        root: Paths are shown relative to this.
        known: A path that stands on the line above, and need not be said again.
    """
    lines: list[Line] = []
    message = clean_lines(fault.message)
    place = ""
    if fault.path and fault.path != known:
        place = short(fault.path, root) + (f", line {fault.line}" if fault.line else "")
    elif fault.line:
        place = f"line {fault.line}"
    head = (
        fault.title
        if not message
        else message[0]
        if _says(message[0], fault.title)
        else f"{fault.title}: {message[0]}"
    )
    lines.append(line(Span(f"{place}: " if place else "", "strong"), clean(head)))
    lines += [line("  " + more) for more in message[1:]]
    if fault.text:
        text = fault.text.rstrip()
        gap = len(text) - len(text.lstrip())
        lines.append(line(Span("  " + clean(text.strip()))))
        if fault.column > 0:
            before = clean(text.strip()[: max(0, fault.column - 1 - gap)])
            lines.append(line(Span("  " + " " * columns(before) + "^", "bad")))
    told = len(fault.frames) == 1 and (fault.frames[0].path, fault.frames[0].line) == (
        fault.path,
        fault.line,
    )
    if not told:
        lines += [_frame(frame, root) for frame in fault.frames]
    if fault.hint:
        lines.append(line(Span("-> ", "warm"), clean(fault.hint)))
    return lines


def _says(message: str, title: str) -> bool:
    """Whether the message repeats its title: ``NameError: ...`` under ``NameError while LIMIT ran`` does not."""
    return message.lower().startswith(title.lower())


def _frame(frame: Frame, root: str) -> Line:
    text = f"   {clean(frame.text.strip())}" if frame.text else ""
    return line(
        Span("  at ", "quiet"),
        f"{short(frame.path, root)}:{frame.line} in {clean(frame.function)}",
        Span(text, "quiet"),
    )


def clean_lines(text: str) -> list[str]:
    """Split a message into lines that are safe to show."""
    return [clean(part.rstrip()) for part in text.splitlines() if part.strip()]


def banner(info: Mapping[str, object], *, root: str, verbose: bool = False) -> list[Line]:
    """Give what is said once at start: what runs where, what is watched, what to try."""
    urls = _strings(info, "urls")
    head = [Span("hotswap", "strong"), Span(f" {info.get('version', '')}  ")]
    head.append(Span(clean(str(info.get("target", ""))), "file"))
    for number, url in enumerate(urls):
        head += [Span("  " if number == 0 else " "), Span(clean(url), "link")]
    head.append(Span(f"   gen {info.get('generation', 0)}", "quiet"))
    if verbose and info.get("pid"):
        head.append(Span(f"   pid {info['pid']}", "quiet"))
    lines = [Line(tuple(head))]
    counted = [
        count(have, noun)
        for key, noun in (
            ("modules", "module"),
            ("templates", "template"),
            ("data_files", "data file"),
        )
        if isinstance(have := info.get(key, 0), int) and (have or key == "modules")
    ]
    directories = [
        short(path, root) if path != root else "." for path in _strings(info, "watching")
    ]
    if directories:
        shown = (
            directories
            if verbose or len(directories) <= 4
            else [*directories[:3], f"{len(directories) - 3} more"]
        )
        where = Span(" in " + ", ".join(shown), "quiet")
        lines.append(line(f"watching {', '.join(counted)}", where, indent=2, hang=4))
    else:
        lines.append(
            line("watching nothing: swaps when asked (r + enter, SIGUSR1)", indent=2, hang=4)
        )
    if info.get("polling"):
        lines.append(line(Span(f"polling {clean(str(info['polling']))}", "warm"), indent=2, hang=4))
    tips = _strings(info, "tips")
    if tips:
        lines.append(line(Span("try", "strong"), indent=2))
        lines += [
            line(f"{number}. {clean(tip)}", indent=4, hang=7) for number, tip in enumerate(tips, 1)
        ]
    if info.get("keys"):
        lines.append(line(Span("h + enter for help", "quiet"), indent=2))
    return lines


def _strings(info: Mapping[str, object], key: str) -> list[str]:
    value = info.get(key)
    return [str(item) for item in value] if isinstance(value, list | tuple) else []

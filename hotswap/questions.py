"""The asking side of ``--explain``, ``--status`` and ``--ask-reload``: ask, print, give the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from hotswap import control
from hotswap.console.lines import count
from hotswap.options import NotThereError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

OK: Final = 0
REFUSED: Final = 1
NOBODY: Final = 1
PATIENCE: Final = {"status": 5.0, "ask_reload": 60.0}
"""Seconds to wait for a session that is on its way from one image to the next, by question."""


def ask(question: Sequence[str], *, machine: bool) -> int:
    """Ask, print to stdout, give the exit code.

    Args:
        question: ``("explain", FILE, ...)``, ``("status",)`` or ``("ask_reload",)``.
        machine: One JSON object a line instead of prose.

    Raises:
        NotThereError: A file to explain does not exist.
    """
    name, *words = question
    if name == "explain":
        return _explain(words, machine=machine)
    here = control.awaited(os.getcwd(), PATIENCE[name])
    if not here:
        leaving = control.on_the_way(os.getcwd())
        if leaving:
            pids = ", ".join(map(str, leaving))
            text = f"an exec reload is under way, or its new code cannot start: see what pid {pids} says"
            _print({"event": "nobody", "reloading": leaving}, text, machine=machine)
            return NOBODY
        everywhere = list(control.answers(["status"]))
        elsewhere = [
            {"pid": pid, "target": status["target"], "root": status["root"]}
            for pid, status in everywhere
        ]
        lines = [
            "no session of this directory answers" if elsewhere else "no session answers",
            "    (a program without an event loop never does; kill -USR1 of its process reloads it)",
            *(f"    {one['target']}   pid {one['pid']}   in {one['root']}" for one in elsewhere),
        ]
        _print({"event": "nobody", "elsewhere": elsewhere}, "\n".join(lines), machine=machine)
        return NOBODY
    if name == "status":
        for pid, status in here:
            _print({"event": "status", **status}, _status(pid, status), machine=machine)
        return OK
    if len(here) > 1:
        pids = ", ".join(str(pid) for pid, _ in here)
        raise UsageError(f"several sessions run here (pids {pids}): kill -USR1 the one you mean")
    answer = control.reload(here[0][0])
    _print({"event": "reload", **answer}, _reload(answer), machine=machine)
    return OK if answer["verdict"] == "reloaded" else REFUSED


def _explain(files: Sequence[str], *, machine: bool) -> int:
    """Tell what each session would do; without one, what stands in git's HEAD is taken for what runs.

    Raises:
        NotThereError: A file does not exist.
    """
    paths = [os.path.realpath(file) for file in files]
    for path, file in zip(paths, files, strict=True):
        if not os.path.exists(path):
            raise NotThereError(f"there is no file {file}")
    concerned = False
    for pid, answer in control.answers(["explain", *paths]):
        if not answer.get("tracked"):
            continue
        concerned = True
        outcome = answer["outcome"]
        _print(
            {"event": "plan", "pid": pid, **outcome}, _plan(outcome, f"pid {pid}"), machine=machine
        )
    if not concerned:
        for path in paths:
            outcome = against_head(path)
            _print({"event": "plan", **outcome}, _plan(outcome, "git HEAD"), machine=machine)
    return OK


def against_head(path: str) -> dict[str, Any]:
    """Plan the step from git's HEAD to the file on disk, from the texts alone; as the event of an outcome."""
    from hotswap.source.faults import syntax_fault
    from hotswap.source.model import Outcome
    from hotswap.source.plan import plan_module
    from hotswap.source.units import Text

    with open(path, "rb") as file:
        new = file.read()
    old = _head(path)
    if old is None:
        return Outcome(
            ok=True,
            rung=None,
            files=(path,),
            reason="no session runs it, and git's HEAD has no such file",
        ).as_event()
    try:
        plan = plan_module(Text(path, old), Text(path, new), _unknown, _unknown)
    except SyntaxError as error:
        return Outcome(
            ok=False, rung=None, files=(path,), fault=syntax_fault(error, path)
        ).as_event()
    return Outcome(
        ok=not plan.refusal,
        rung="exec" if plan.refusal else plan.rung,
        files=(path,),
        changes=tuple(plan.changes),
        reason=plan.refusal,
    ).as_event()


def _unknown(*_: object) -> None:
    """Judge no condition: nothing runs that could tell."""


def _head(path: str) -> bytes | None:
    folder, name = os.path.split(path)
    try:
        shown = subprocess.run(  # noqa: S603 -- git, with a path of ours
            ["git", "-C", folder, "show", f"HEAD:./{name}"],  # noqa: S607 -- the user's git
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return shown.stdout if shown.returncode == 0 else None


def _plan(outcome: dict[str, Any], against: str) -> str:
    """Say in words what a plan is: rung, reason, and a line for each change."""
    files = ", ".join(os.path.relpath(path) for path in outcome["files"]) or "nothing to do"
    fault = outcome.get("fault")
    if fault:
        where = f"line {fault['line']}: " if fault.get("line") else ""
        return f"{files}   would not be swapped   {fault['code']}\n    {where}{fault['message']}"
    words = {
        "noop": "nothing to swap",
        "patch": "would be patched",
        "reexec": "would be re-executed",
        "exec": "needs an exec reload",
        None: "cannot be compared",
    }
    lines = [f"{files}   {words[outcome['rung']]}   (against {against})"]
    if outcome.get("reason"):
        lines.append(f"    because {outcome['reason']}")
    for change in outcome["changes"]:
        because = f"  ({change['because']})" if change.get("because") else ""
        lines.append(f"    {change['mark']} {change['name']}  {change['what']}{because}")
    return "\n".join(lines)


def _status(pid: int, status: dict[str, Any]) -> str:
    connections = ", ".join(
        count(number, kind) for kind, number in status.get("connections", {}).items() if number
    )
    lines = [
        f"{status['target']}   pid {pid}   gen {status['generation']}   {'  '.join(status['urls'])}",
        f"    {connections or 'no connections'}",
    ]
    lines += [f"    waits: {path}" for path in status.get("pending", ())]
    lines += [f"    ! {one['name']}: {one['reason']}" for one in status.get("stale", ())]
    if status.get("paused"):
        lines.append("    watching is paused")
    return "\n".join(lines)


def _reload(answer: dict[str, Any]) -> str:
    if answer["verdict"] == "reloaded":
        return f"reloaded   pid {answer['pid']}   gen {answer['generation']}"
    fault = answer.get("fault") or {}
    why = fault.get("message") or answer.get("reason") or "no reason was given"
    return f"not reloaded, the old code serves   pid {answer['pid']}\n    {why}"


def _print(event: dict[str, Any], text: str, *, machine: bool) -> None:
    if machine:
        from hotswap.source.model import EVENTS_VERSION

        text = json.dumps({"v": EVENTS_VERSION, **event}, default=str)
    sys.stdout.write(text + "\n")

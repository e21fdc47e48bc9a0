"""The self-test's samples: frames of each kind are moved to edited code and must do what the edited code says.

Runs in a child process (selftest.py): if a layout is not as we know it, only that process ends.
"""

from __future__ import annotations

import gc
import sys
from types import CodeType
from typing import Any, Final

from hotswap.live.journal import Journal
from hotswap.live.loops.bytecode import roomy
from hotswap.live.loops.frames import code_of
from hotswap.live.loops.model import Suspended
from hotswap.live.loops.moving import carry

BEFORE: Final = b"""
class Step:
    def __init__(self, value): self.value = value
    def __await__(self):
        got = yield self.value
        return got

class Room:
    def __enter__(self): return self
    def __exit__(self, *_): return None

async def chat(log):
    count = 0
    keep = lambda: count
    try:
        while True:
            text = await Step("receive")
            count += 1
            log.append(("old", count, text))
    finally:
        log.append("old end")

def numbers(log):
    with Room():
        for n in range(4):
            got = yield n
            log.append(("old", n, got))

async def events(log):
    n = 0
    while n < 4:
        n += 1
        yield n
        log.append(("old", await Step(n)))

async def waiting(log):
    while True:
        text = await Step("receive")
        log.append(("old", text))

def moving(log):
    while True:
        got = yield
        log.append((PLACE, "old", got))
"""
AFTER: Final = (
    BEFORE.replace(b'"old', b'"new')
    .replace(b"    count = 0\n", b"    count = 0\n    seen = []\n")
    .replace(
        b"            count += 1\n", b"            count += 1\n            seen.append(text)\n"
    )
    .replace(
        b'text = await Step("receive")\n        log',
        b'text = await Step(Step("receive").value)\n        log',
    )
    .replace(b'("new", count, text)', b'("new", count, text, len(seen), keep())')
)
NAME: Final = "<hotswap samples>"


def prove() -> str:
    """Give "proved", or what went wrong."""
    for turn in range(12):
        wrong = _round(turn)
        if wrong:
            return wrong
        gc.collect()
    return "proved"


def _round(turn: int) -> str:
    log: list[Any] = []
    space: dict[str, Any] = {"__name__": "samples", "PLACE": "here"}
    away: dict[str, Any] = {"__name__": "away", "PLACE": "away"}
    old = roomy(compile(BEFORE, NAME, "exec", dont_inherit=True))
    new = roomy(compile(AFTER, NAME, "exec", dont_inherit=True))
    exec(old, space)
    chat, numbers, events, waiting, moving = (
        space[n](log) for n in ("chat", "numbers", "events", "waiting", "moving")
    )
    unstarted = space["chat"](log)
    chat.send(None)
    for _ in range(turn % 3):
        chat.send("x")
    next(numbers)
    waiting.send(None)
    moving.send(None)
    try:
        events.asend(None).send(None)
    except StopIteration:
        log.clear()
    owners = [chat, numbers, events, waiting, unstarted, moving]
    counts = sys.getrefcount(log)
    for swap in (False, True):
        journal = Journal()
        suspended = _suspended(owners, new, space, {id(moving): away})
        verdicts = carry(suspended, {NAME: (BEFORE, AFTER)}, journal)
        if [v.kind for v in verdicts] != ["take", "take", "take", "finish", "unstarted", "take"]:
            return f"verdicts: {[(v.kind, v.reason) for v in verdicts]}"
        if swap:
            journal.commit()
        else:
            journal.roll_back()
    if sys.getrefcount(log) != counts:
        return "references are not level"
    chat.send("a")
    numbers.send("b")
    unstarted.send(None)
    unstarted.send("c")
    waiting.send("d")
    waiting.send("e")
    moving.send("f")
    count = turn % 3 + 1
    expected = [
        *(("new", count, "a", 1, count), ("new", 0, "b"), ("new", 1, "c", 1, 1)),
        *(("old", "d"), ("new", "e"), ("away", "new", "f")),
    ]
    if log != expected:
        return f"effects: {log}"
    try:
        chat.throw(KeyError)
    except KeyError:
        if log[-1] != "new end":
            return f"effects: {log}"
    else:
        return "an exception was lost"
    for owner in owners[1:]:
        if owner is not events:
            owner.close()
    return ""


def _suspended(
    owners: list[Any], new: CodeType, space: dict[str, Any], homes: dict[int, dict[str, Any]]
) -> list[Suspended]:
    edited = {c.co_name: c for c in new.co_consts if isinstance(c, CodeType)}
    found = []
    for owner in owners:
        code = code_of(owner)
        if code is not None:
            home = homes.get(id(owner))
            found.append(Suspended(owner, code, edited[code.co_name], space, home))
    return found

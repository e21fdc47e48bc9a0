"""A module whose functions and suspended frames take edits: what the engine does around `move`, in forty lines.

Frames wait at ``await step(x)``: the test sends what they get, one `send` a turn.
"""

from __future__ import annotations

import gc
from types import CodeType, FunctionType
from typing import Any

from hotswap.live.journal import Journal
from hotswap.live.loops import Suspended, Verdict, plain
from hotswap.live.loops.bytecode import roomy
from hotswap.live.loops.frames import code_of
from hotswap.live.loops.moving import move

PRELUDE = """\
import asyncio, contextlib, time
from collections import deque, defaultdict
class step:
    def __init__(self, *value): self.value = value
    def __await__(self):
        got = yield self.value
        if isinstance(got, BaseException): raise got
        return got
class room:
    def __init__(self, log, name="room"): self.log, self.name = log, name
    def __enter__(self): self.log.append(("in", self.name)); return self.name
    def __exit__(self, *error): self.log.append(("out", self.name)); return False
    async def __aenter__(self): await step("enter"); return self.__enter__()
    async def __aexit__(self, *error): await step("leave"); return self.__exit__(*error)
async def stream(n):
    for i in range(n):
        await step("stream")
        yield i
"""


def codes(code: CodeType) -> dict[str, CodeType]:
    """All code objects of a module by qualified name."""
    found: dict[str, CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.setdefault(constant.co_qualname, constant)
            found.update({k: v for k, v in codes(constant).items() if k not in found})
    return found


class Live:
    """A live module; `swap` edits it and gives the verdicts of its suspended frames."""

    def __init__(self, source: str, *, room: bool = True, prelude: str = PRELUDE) -> None:
        self.prepare = roomy if room else lambda code: code
        self.prelude = prelude
        self.name = f"<live {id(self)}>"
        self.source = (prelude + source).encode()
        self.space: dict[str, Any] = {"__name__": "live"}
        self.log: list[Any] = []
        self.space["log"] = self.log
        module = self.prepare(compile(self.source, self.name, "exec", dont_inherit=True))
        self.codes = codes(module)
        exec(module, self.space)
        self.journal = Journal()

    def __getitem__(self, name: str) -> Any:
        return self.space[name]

    def swap(
        self,
        source: str,
        *,
        commit: bool = True,
        owners: list[Any] | None = None,
        functions: bool = True,
    ) -> list[Verdict]:
        """Edit the module: functions are patched, suspended frames (those of `owners` only, when given) moved."""
        new_source = (self.prelude + source).encode()
        module = self.prepare(compile(new_source, self.name, "exec", dont_inherit=True))
        new = codes(module)
        replaced = {id(old): (old, new.get(name)) for name, old in self.codes.items()}
        heap = gc.get_objects() if functions or owners is None else []
        suspended = []
        for thing in heap:
            if type(thing) is FunctionType and id(thing.__code__) in replaced:
                target = replaced[id(thing.__code__)][1]
                if target is not None and target.co_freevars == thing.__code__.co_freevars:
                    thing.__code__ = target
        for thing in heap if owners is None else owners:
            code = code_of(thing)
            if code is None or code.co_filename != self.name:
                continue
            known = replaced.get(id(plain(code)))
            if known is not None and known[0] is plain(code):
                suspended.append(Suspended(thing, code, known[1], self.space))
        del heap
        self.journal = Journal()
        verdicts = move(suspended, {self.name: (self.source, new_source)}, self.journal)
        if commit:
            self.journal.commit()
            self.source, self.codes = new_source, new
        else:
            self.journal.roll_back()
        return verdicts


def kinds(verdicts: list[Verdict]) -> list[str]:
    """Verdict kinds, sorted."""
    return sorted(v.kind for v in verdicts)

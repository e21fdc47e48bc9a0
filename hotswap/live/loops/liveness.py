"""Which names a frame reads from an instruction on, before they are bound: backward data flow over one code object.

Pure: nothing here looks at a frame.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import dis
    from collections.abc import Sequence
    from types import CodeType


CHECKED_LOADS: Final = sys.version_info < (3, 12)
"""Until 3.11 each LOAD_FAST looks for an empty slot; later only LOAD_FAST_CHECK does, and LOAD_FAST would crash."""


class Liveness:
    """What the instructions of one code object read and bind; computed when first asked.

    Args:
        code: The code object.
        instructions: Its instructions.
        onward: By instruction: the indices of those that may follow.
        caught: By instruction: the indices of the handlers that may.
        shared: The names whose slots hold cells.
    """

    def __init__(
        self,
        code: CodeType,
        instructions: Sequence[dis.Instruction],
        *,
        onward: list[list[int]],
        caught: list[list[int]],
        shared: frozenset[str],
    ) -> None:
        self._code = code
        self._instructions = instructions
        self._onward = onward
        self._caught = caught
        self._shared = shared

    def needed(self, index: int) -> frozenset[str]:
        """Give the names that can be read from there before they are bound."""
        return self._names(self._masks[0][index])

    def demanded(self, index: int) -> frozenset[str]:
        """Give the fast locals that are read from there without a check."""
        return self._names(self._masks[1][index])

    def assured(self, index: int) -> frozenset[str]:
        """Give the names read from there, before they are bound, where a fresh run always has them bound."""
        return self._names(self._masks[2][index])

    @cached_property
    def _bits(self) -> dict[str, int]:
        names = dict.fromkeys(
            (*self._code.co_varnames, *self._code.co_cellvars, *self._code.co_freevars)
        )
        return {name: 1 << place for place, name in enumerate(names)}

    def _names(self, mask: int) -> frozenset[str]:
        return frozenset(name for name, bit in self._bits.items() if mask & bit)

    @cached_property
    def _masks(self) -> tuple[list[int], list[int], list[int]]:
        """Bit masks by instruction of what is needed, demanded and assured there."""
        bound = self._always_bound
        masks: tuple[list[tuple[int, int]], ...] = ([], [], [])
        for index, ins in enumerate(self._instructions):
            effects = [_Effect(), _Effect(), _Effect()]
            for step, name in _local_steps(ins):
                bit = self._bits.get(name, 0)
                if step.startswith("STORE"):
                    for effect in effects:
                        effect.kill |= bit
                elif step == "LOAD_FAST_AND_CLEAR":
                    continue
                else:
                    checks = CHECKED_LOADS or step != "LOAD_FAST" or name in self._shared
                    effects[0].read(bit)
                    if checks:
                        effects[1].kill |= bit  # it raises, or the name is bound
                    else:
                        effects[1].read(bit)
                    if bound[index] & bit:
                        effects[2].read(bit)
                    else:
                        effects[2].kill |= bit  # the program's own error, if it is one
            for into, effect in zip(masks, effects, strict=True):
                into.append((effect.reads, effect.kill))
        needed, demanded, assured = map(self._backward, masks)
        return needed, demanded, assured

    def _backward(self, effects: list[tuple[int, int]]) -> list[int]:
        onward, caught = self._onward, self._caught
        live = [0] * len(effects)
        changed = True
        while changed:
            changed = False
            for index in range(len(effects) - 1, -1, -1):
                reads, kills = effects[index]
                out = 0
                for way in onward[index]:
                    out |= live[way]
                mask = reads | out & ~kills
                for handler in caught[index]:  # it may raise before it binds
                    mask |= live[handler]
                if mask != live[index]:
                    live[index] = mask
                    changed = True
        return live

    @cached_property
    def _always_bound(self) -> list[int]:
        """Bit masks of the names that are bound before each instruction, whichever way a fresh run came there."""
        onward, caught = self._onward, self._caught
        everything = (1 << len(self._bits)) - 1
        code = self._code
        variadic = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # *args, **kwargs
        count = code.co_argcount + code.co_kwonlyargcount + variadic
        start = sum(self._bits[name] for name in (*code.co_varnames[:count], *code.co_freevars))
        bound = [everything] * len(self._instructions)
        bound[0] = start
        work = [0]
        visited: set[int] = set()
        while work:
            index = work.pop()
            visited.add(index)
            before = after = bound[index]
            for step, name in _local_steps(self._instructions[index]):
                bit = self._bits.get(name, 0)
                if step.startswith("STORE"):
                    after |= bit
                elif step.startswith("DELETE") or step == "LOAD_FAST_AND_CLEAR":
                    after &= ~bit
            for ways, state in ((onward[index], after), (caught[index], before & after)):
                for way in ways:
                    merged = bound[way] & state
                    if merged != bound[way] or way not in visited:
                        bound[way] = merged
                        work.append(way)
        return bound


@dataclass(slots=True)
class _Effect:
    """What one instruction does to the names, a bit each. A super-instruction's steps come in their order."""

    reads: int = 0
    kill: int = 0

    def read(self, bit: int) -> None:
        self.reads |= bit & ~self.kill


def _local_steps(ins: dis.Instruction) -> list[tuple[str, str]]:
    """Give (operation, name) for what an instruction does to locals, cells and free variables, in order."""
    name = ins.opname
    if "_FAST" in name:
        if isinstance(ins.argval, tuple):  # LOAD_FAST_LOAD_FAST and the like
            first, second = name.split("_FAST_", 1)
            return [(f"{first}_FAST", ins.argval[0]), (second, ins.argval[1])]
        return [(name, ins.argval)]
    if name.endswith(("_DEREF", "_CLOSURE")) or "_FROM_DICT_OR_DEREF" in name:
        return [(name, ins.argval)]
    return []

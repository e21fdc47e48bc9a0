"""Facts about one code object: where it suspends, what lies on the value stack there, which names it reads unbound.

Pure: nothing here looks at a frame. Checked on CPython 3.11, 3.12 and 3.13.
"""

from __future__ import annotations

import dis
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.liveness import Liveness
from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM: Final = 40
"""Spare slots reserved in each suspendable frame for locals that edits add: 320 bytes a frame."""

SUSPENDABLE: Final = 0x20 | 0x80 | 0x200
"""``CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR`` (inspect)."""


# What a slot of the value stack holds, as far as it matters to the instructions that will pop it.
VALUE: Final = "value"
ITERATOR: Final = "iterator"
AITERATOR: Final = "async iterator"
EXIT: Final = "exit of a with"
HANDLED: Final = "handled exception"
LASTI: Final = "place of a raise"
MIXED: Final = "mixed"

_ENDS: Final = frozenset(
    {
        "RETURN_VALUE",
        "RETURN_CONST",
        "INTERPRETER_EXIT",
        "RAISE_VARARGS",
        "RERAISE",
        "JUMP_FORWARD",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
    }
)
_JUMPS: Final = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)
_REPLACED: Final = {"GET_ITER": ITERATOR, "GET_YIELD_FROM_ITER": ITERATOR, "GET_AITER": AITERATOR}
_WITHS: Final = frozenset({"BEFORE_WITH", "BEFORE_ASYNC_WITH"})
_UNCOVER: Final = (
    "COPY_FREE_VARS",
    "DELETE_",
    "DICT_MERGE",
    "DICT_UPDATE",
    "END_",
    "EXTENDED_ARG",
    "KW_NAMES",
    "LIST_APPEND",
    "LIST_EXTEND",
    "MAKE_CELL",
    "MAP_ADD",
    "NOP",
    "POP_",
    "PREP_RERAISE_STAR",
    "RERAISE",
    "RESUME",
    "SETUP_ANNOTATIONS",
    "SET_ADD",
    "SET_UPDATE",
    "STORE_",
)
"""Instructions that leave what is on top afterwards as it was."""


def roomy(code: CodeType) -> CodeType:
    """Reserve `ROOM` in each frame that can be suspended, nested code included; nothing else changes."""
    consts: list[Any] | None = None
    for place, constant in enumerate(code.co_consts):
        if type(constant) is CodeType:
            made = roomy(constant)
            if made is not constant:
                if consts is None:
                    consts = list(code.co_consts)
                consts[place] = made
    if code.co_flags & SUSPENDABLE:
        nested = code.co_consts if consts is None else tuple(consts)
        return code.replace(co_consts=nested, co_stacksize=code.co_stacksize + ROOM)
    return code if consts is None else code.replace(co_consts=tuple(consts))


def slot_names(code: CodeType) -> tuple[str, ...]:
    """Give the names of the frame's slots in order (``co_localsplusnames``, Objects/codeobject.c).

    Raises:
        Refused: A name has two slots (3.12+: free in the function, bound in an inlined comprehension).
    """
    own = code.co_varnames
    names = (*own, *(n for n in code.co_cellvars if n not in own), *code.co_freevars)
    if len(set(names)) != len(names):
        raise Refused("a name of the function has two slots")
    return names


def cells(code: CodeType) -> frozenset[str]:
    """Give the names whose slots hold cells."""
    return frozenset(code.co_cellvars) | frozenset(code.co_freevars)


def same_body(old: CodeType, new: CodeType) -> bool:
    """Tell whether both do exactly the same, lines and stack room aside."""
    if old is new:
        return True
    if (
        old.co_code != new.co_code
        or old.co_names != new.co_names
        or old.co_varnames != new.co_varnames
        or old.co_cellvars != new.co_cellvars
        or old.co_freevars != new.co_freevars
        or old.co_exceptiontable != new.co_exceptiontable
        or old.co_flags != new.co_flags
        or old.co_argcount != new.co_argcount
        or old.co_kwonlyargcount != new.co_kwonlyargcount
        or old.co_posonlyargcount != new.co_posonlyargcount
        or len(old.co_consts) != len(new.co_consts)
    ):
        return False
    return all(map(_same_constant, old.co_consts, new.co_consts))


def _same_constant(a: object, b: object) -> bool:
    if isinstance(a, CodeType) and isinstance(b, CodeType):
        return a.co_name == b.co_name and same_body(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same_constant, a, b))
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a == b and sorted(map(repr, a)) == sorted(map(repr, b))
    return a == b and repr(a) == repr(b)  # -0.0, nan


@dataclass(frozen=True, slots=True)
class Handler:
    """One row of the exception table: [start, end) -> target, with `depth` items kept below."""

    start: int
    end: int
    target: int
    depth: int
    lasti: bool


def handlers(code: CodeType) -> list[Handler]:
    """Decode ``co_exceptiontable`` (CPython, Objects/exception_handling_notes.txt). Offsets in bytes."""
    numbers = _varints(iter(code.co_exceptiontable))
    rows = []
    for start in numbers:
        length, target, flags = next(numbers), next(numbers), next(numbers)
        rows.append(
            Handler(start * 2, (start + length) * 2, target * 2, flags >> 1, bool(flags & 1))
        )
    return rows


def _varints(data: Iterator[int]) -> Iterator[int]:
    for byte in data:
        value, more = byte & 63, byte & 64
        while more:
            following = next(data)
            value, more = value << 6 | following & 63, following & 64
        yield value


class Facts:
    """What the byte code of one code object says; computed when first asked."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.instructions = list(dis.get_instructions(code))
        self.at = {ins.offset: index for index, ins in enumerate(self.instructions)}
        self.handlers = handlers(code)

    def opname(self, offset: int) -> str:
        """Give the plain (never specialised or instrumented) instruction at `offset`; "" for none."""
        index = self.at.get(offset)
        return "" if index is None else self.instructions[index].opname

    @cached_property
    def suspensions(self) -> tuple[int, ...]:
        """Offsets of the instructions at which the frame can be parked."""
        return tuple(i.offset for i in self.instructions if i.opname == "YIELD_VALUE")

    def leaves(self, offset: int) -> bool:
        """Tell whether the await at `offset` is that of an ``__aexit__`` (GET_AWAITABLE 2, Python/compile.c)."""
        before = self.instructions[: self.at[offset]]
        asked = next((i for i in reversed(before) if i.opname == "GET_AWAITABLE"), None)
        return asked is not None and asked.arg == 2

    @cached_property
    def start(self) -> int:
        """Offset of the instruction at which a frame is parked that has not begun."""
        for ins in self.instructions:
            if ins.opname == "RETURN_GENERATOR":
                return ins.offset
        raise Refused("it is not a coroutine or generator")

    @cached_property
    def _catches(self) -> list[Handler | None]:
        """By instruction: what handles its exceptions. Rows are sorted and never overlap."""
        rows = iter(self.handlers)
        row = next(rows, None)
        found: list[Handler | None] = []
        for ins in self.instructions:
            while row is not None and row.end <= ins.offset:
                row = next(rows, None)
            found.append(row if row is not None and row.start <= ins.offset else None)
        return found

    def parked(self, offset: int) -> tuple[str, ...]:
        """Give the kinds of what lies on the value stack of a frame parked at `offset`.

        Raises:
            Refused: The instruction is not one at which frames are parked, or cannot be reached.
        """
        if offset == self.start:
            return ()
        stack = self.stacks.get(offset)
        if stack is None or not stack or self.opname(offset) != "YIELD_VALUE":
            raise Refused("the await cannot be reached in the new code")
        return stack[:-1]

    # -- the value stack

    @cached_property
    def own_stack(self) -> int:
        """Stack slots that the compiler asked for: never less than the deepest stack, `ROOM` of `roomy` left out."""
        deepest = max(map(len, self.stacks.values()), default=0)
        size = self.code.co_stacksize
        while size - ROOM >= deepest:
            size -= ROOM
        return size

    @cached_property
    def stacks(self) -> dict[int, tuple[str, ...]]:
        """Kinds of the items on the value stack before each instruction that can be reached.

        Raises:
            Refused: Two ways to an instruction disagree on the depth: the byte code is not as we know it.
        """
        found: dict[int, tuple[str, ...]] = {}
        work: list[tuple[int, tuple[str, ...]]] = [(0, ())]
        while work:
            offset, stack = work.pop()
            known = found.get(offset)
            if known is not None:
                if len(known) != len(stack):
                    raise Refused("the byte code is not as we know it")
                merged = tuple(a if a == b else MIXED for a, b in zip(known, stack, strict=True))
                if merged == known:
                    continue
                stack = merged
            found[offset] = stack
            index = self.at[offset]
            row = self._catches[index]
            if row is not None:
                if row.depth > len(stack):
                    raise Refused("the byte code is not as we know it")
                pushed = (LASTI, VALUE) if row.lasti else (VALUE,)
                work.append((row.target, stack[: row.depth] + pushed))
            ins = self.instructions[index]
            if ins.opcode in _JUMPS:
                work.append((int(ins.argval), _after(ins, stack, jump=True)))
            if ins.opname not in _ENDS and index + 1 < len(self.instructions):
                work.append((self.instructions[index + 1].offset, _after(ins, stack, jump=False)))
        return found

    # -- names

    def needed(self, offset: int) -> frozenset[str]:
        """Give the names that can be read, after the frame goes on from `offset`, before they are bound."""
        return self._liveness.needed(self.at[offset])

    def demanded(self, offset: int) -> frozenset[str]:
        """Give the fast locals that are read from there without a check: an empty slot would crash."""
        return self._liveness.demanded(self.at[offset])

    def assured(self, offset: int) -> frozenset[str]:
        """Give the names that are read from there, before they are bound, where a fresh run always has them bound."""
        return self._liveness.assured(self.at[offset])

    @cached_property
    def _liveness(self) -> Liveness:
        onward, caught = self._edges
        return Liveness(
            self.code, self.instructions, onward=onward, caught=caught, shared=cells(self.code)
        )

    @cached_property
    def _edges(self) -> tuple[list[list[int]], list[list[int]]]:
        """For each instruction: those that may follow, and the handlers that may."""
        onward, caught = [], []
        for index, ins in enumerate(self.instructions):
            ways = [self.at[int(ins.argval)]] if ins.opcode in _JUMPS else []
            if ins.opname not in _ENDS and index + 1 < len(self.instructions):
                ways.append(index + 1)
            row = self._catches[index]
            onward.append(ways)
            caught.append([] if row is None else [self.at[row.target]])
        return onward, caught


def _after(ins: dis.Instruction, stack: tuple[str, ...], *, jump: bool) -> tuple[str, ...]:
    """Give the value stack after `ins`. Depths are exact; kinds as far as `ITERATOR`, `EXIT` and `HANDLED` go."""
    name = ins.opname
    if name == "RETURN_GENERATOR":
        return (*stack, VALUE)  # what the first send gives; 3.11's stack_effect leaves it out
    if name == "COPY":
        return (*stack, stack[-(ins.arg or 0)])
    if name == "SWAP":
        place = -(ins.arg or 0)
        items = list(stack)
        items[-1], items[place] = items[place], items[-1]
        return tuple(items)
    argument = ins.arg if ins.opcode >= dis.HAVE_ARGUMENT else None
    effect = dis.stack_effect(ins.opcode, argument, jump=jump)
    depth = len(stack) + effect
    if depth < 0:
        raise Refused("the byte code is not as we know it")
    if name in _WITHS:
        return (*stack[:-1], EXIT, VALUE)
    if name == "PUSH_EXC_INFO":
        return (*stack[:-1], HANDLED, VALUE)
    if name in _REPLACED:
        return (*stack[:-1], _REPLACED[name])
    if effect > 0:
        return stack + (VALUE,) * effect
    kept = stack[:depth]
    if not kept or jump or name.startswith(_UNCOVER) or ins.opcode in _JUMPS:
        return kept
    return (*kept[:-1], VALUE)

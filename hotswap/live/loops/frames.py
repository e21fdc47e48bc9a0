"""Reading and writing the frame of a suspended coroutine, generator or async generator.

The only file of hotswap that writes interpreter memory. A wrong write crashes the process, so everything is read and
compared first, by two independent ways, and any surprise is a refusal:

* the layout is known for exactly the minor versions in `LAYOUTS`, on ordinary CPython builds (`unknown` says why not);
* code, globals, frame object, function, locals and value stack are read from memory and must be the very objects that
  the interpreter itself names (``gc.get_referents``, ``gi_frame``): no pointer that we read is ever followed;
* one expression compares the frame with what was read and replaces it. Nothing can run in between: the interpreter
  looks for other threads and signals only at calls, backward jumps and function entry (the eval breaker of CPython's
  Python/ceval.c).

Layouts: CPython Include/internal/pycore_frame.h, Include/cpython/genobject.h of 3.11, 3.12, 3.13.
"""

from __future__ import annotations

import ctypes
import gc
import struct
import sys
import sysconfig
from dataclasses import dataclass
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
)
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.journal import MISSING
from hotswap.live.loops.bytecode import SUSPENDABLE, Facts, Landing, cells, slot_names
from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap.live.journal import Journal

OWNERS: Final = {CoroutineType: "cr", GeneratorType: "gi", AsyncGeneratorType: "ag"}
_WORD: Final = struct.calcsize("P")
_SPECIALS: Final = 9
"""Words of ``_PyInterpreterFrame`` before the locals, the same in all three minors."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are, in words from the start of the frame unless said otherwise; states as signed bytes."""

    code: int
    function: int
    globals: int
    frame_object: int
    held: tuple[int, ...]
    """Words whose objects the garbage collector visits, in the order in which it does, before the slots."""
    owner_code: int | None
    """Word of the owner that names the code once more (3.11)."""
    advance: int
    """Bytes from the instruction at which a frame is parked to where its instruction pointer stands."""
    created: int
    suspended: int
    delegating: int
    """State while parked in an await or ``yield from``."""


_INSTRUCTION, _TOP = 7, 8

LAYOUTS: Final = {
    (3, 11): Layout(
        code=4, function=0, globals=1, frame_object=5, held=(5, 3, 0, 4), owner_code=2, advance=0,
        created=-2, suspended=-1, delegating=-1,
    ),
    (3, 12): Layout(
        code=0, function=2, globals=3, frame_object=6, held=(6, 5, 2, 0), owner_code=None, advance=0,
        created=-2, suspended=-1, delegating=-1,
    ),
    (3, 13): Layout(
        code=0, function=2, globals=3, frame_object=6, held=(6, 5, 2, 0), owner_code=None, advance=2,
        created=-3, suspended=-2, delegating=-1,
    ),
}  # fmt: skip
_STATE: Final = 3
"""Byte of the word before the frame that holds the generator's state, in all three minors."""

_incref: Final = ctypes.pythonapi.Py_IncRef
_decref: Final = ctypes.pythonapi.Py_DecRef
for _function in (_incref, _decref):
    _function.argtypes, _function.restype = [ctypes.py_object], None


def unknown() -> str:
    """Say why the frames of this interpreter are not known; "" when they are. Cheap: looks at the build only."""
    if sys.implementation.name != "cpython":
        return f"the frames of {sys.implementation.name} are not known"
    if sys.version_info[:2] not in LAYOUTS:
        return f"the frames of Python {sys.version_info[0]}.{sys.version_info[1]} are not known"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "the frames of free-threaded builds are not known"
    if hasattr(sys, "getobjects") or sysconfig.get_config_var("Py_TRACE_REFS"):
        return "the objects of Py_TRACE_REFS builds are laid out differently"
    if _WORD != 8 or sys.byteorder != "little":
        return "only 64-bit little-endian builds are known"
    if "experimental-jit" in str(sysconfig.get_config_var("CONFIG_ARGS")):
        return "the frames of builds with a JIT are not known"
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """A suspended frame as it was read. Holds every object of it, so that none can go away or change its address."""

    owner: Any
    code: CodeType
    function: FunctionType
    globals: dict[str, Any]
    offset: int
    """Of the instruction at which it is parked, in bytes."""
    started: bool
    names: tuple[str, ...]
    slots: tuple[Any, ...]
    """By `names`; `MISSING` where nothing is bound; cells as cells."""
    stack: tuple[Any, ...]
    capacity: int
    """Slots for locals and value stack together."""
    words: tuple[int, ...]
    """The owner's memory from its third word to the top of the value stack."""

    def value(self, name: str) -> Any:
        """Give what the local is bound to, cells opened; `MISSING` when it is not."""
        try:
            slot = self.slots[self.names.index(name)]
        except ValueError:
            return MISSING
        if name not in cells(self.code):
            return slot
        try:
            return slot.cell_contents
        except ValueError:
            return MISSING


def code_of(owner: Any) -> CodeType | None:
    """Give the code object in the frame of a coroutine, generator or async generator; None for anything else."""
    prefix = OWNERS.get(type(owner))
    code: object = getattr(owner, f"{prefix}_code", None) if prefix else None
    return code if isinstance(code, CodeType) else None


_HEAD: Final = 2
"""Words of an object before its own: reference count and type."""


def _frame_word(owner: Any) -> int:
    """Give the word of the owner at which its frame begins (``offsetof(PyGenObject, gi_iframe)``)."""
    return type(owner).__basicsize__ // _WORD - _SPECIALS


def _code_bytes(code: CodeType) -> int:
    """Give the address of a code object's instructions, after comparing what stands there.

    Raises:
        Refused: They are not where they should be.
    """
    address = id(code) + CodeType.__basicsize__
    actual: bytes = code._co_code_adaptive  # type: ignore[attr-defined]
    if ctypes.string_at(address, len(actual)) != actual:
        raise Refused("layout: byte code not found")
    return address


def read(owner: Any, offsets: Callable[[CodeType], Facts]) -> Parked:
    """Read the frame of `owner` and check everything that can be checked.

    Args:
        owner: A coroutine, generator or async generator.
        offsets: Gives the facts of a code object; called once, with the frame's.

    Raises:
        Refused: It is not suspended, or something is not as the layout says.
    """
    layout = LAYOUTS[sys.version_info[:2]]
    prefix = OWNERS.get(type(owner))
    code = code_of(owner)
    if prefix is None or code is None:
        raise Refused("it has no Python frame")
    frame = getattr(owner, f"{prefix}_frame")
    if type(frame) is not FrameType:
        raise Refused("it has ended")
    base = _frame_word(owner)
    names = slot_names(code)
    count = len(names)
    capacity = count + code.co_stacksize
    head = _words(owner, base + _SPECIALS)
    at = base - _HEAD  # the frame's first word, within `head`
    if (
        head[at + layout.code] != id(code)
        or (layout.owner_code is not None and head[layout.owner_code - _HEAD] != id(code))
        or head[at + layout.globals] != id(frame.f_globals)
        or head[at + layout.frame_object] != id(frame)
    ):
        raise Refused("layout: frame not found")
    state = head[at - 1].to_bytes(8, "little")[_STATE]
    state -= 256 if state > 127 else 0
    if state not in (layout.created, layout.suspended, layout.delegating):
        raise Refused("it is running")
    top = head[at + _TOP] & 0xFFFFFFFF
    if not count <= top <= capacity:
        raise Refused("layout: the stack is out of bounds")
    words = _words(owner, base + _SPECIALS + top)
    if words[: len(head)] != head:
        raise Refused("it changed while it was read")
    facts = offsets(code)
    offset = words[at + _INSTRUCTION] - layout.advance - _code_bytes(code)
    started = state != layout.created
    if facts.opname(offset) != ("YIELD_VALUE" if started else "RETURN_GENERATOR"):
        raise Refused("it is parked in an unknown place")
    if frame.f_lasti != offset + layout.advance:
        raise Refused("layout: the instruction pointers differ")
    if len(facts.parked(offset)) != top - count:
        raise Refused("other nesting at the await than computed")

    # What the collector visits is what the interpreter counts: the very objects, in this order.
    body = words[at + _SPECIALS :]
    named = [words[at + place] for place in layout.held]
    expected = [word for word in (*named, *body) if word]
    visited = gc.get_referents(owner)
    first = next((n for n, o in enumerate(visited) if id(o) == expected[0]), -1)
    found = visited[first : first + len(expected)]
    if first < 0 or [id(o) for o in found] != expected or len(visited) - first - len(expected) > 1:
        raise Refused("layout: the locals differ")
    objects = {id(o): o for o in found}
    objects[0] = MISSING
    function = objects.get(words[at + layout.function])
    if type(function) is not FunctionType:
        raise Refused("layout: its function is not found")
    slots = tuple(objects[word] for word in body[:count])
    shared = cells(code)
    for name, slot in zip(names, slots, strict=True):
        if name in shared and type(slot) is not CellType:
            raise Refused("layout: a cell is not found")
    return Parked(
        owner=owner,
        code=code,
        function=function,
        globals=frame.f_globals,
        offset=offset,
        started=started,
        names=names,
        slots=slots,
        stack=tuple(objects[word] for word in body[count:]),
        capacity=capacity,
        words=words,
    )


def write(parked: Parked, landing: Landing, slots: Sequence[Any], journal: Journal) -> None:
    """Put `landing.code` into the frame, parked at `landing.offset`, with `slots` as its locals.

    What the frame held is released when the journal commits, since finalisers may run then. Rolling back puts the frame
    back as it was, unless something has resumed it in between.

    Args:
        parked: The frame, as `read` gave it.
        landing: Where it is to be parked. ``co_stacksize`` of its code must fill the frame's capacity exactly, so that
            the capacity can be computed from the code for ever.
        slots: By ``landing.names``; `MISSING` for unbound, cells as cells.

    Raises:
        Refused: Something does not fit, or the frame has moved since it was read. Nothing was written.
    """
    layout = LAYOUTS[sys.version_info[:2]]
    code = landing.code
    if (parked.code.co_flags ^ code.co_flags) & SUSPENDABLE:
        raise Refused("it became another kind of function")
    if len(slots) != len(landing.names) or len(slots) + code.co_stacksize != parked.capacity:
        raise Refused("the new frame has another size")
    if len(slots) + max(landing.own_stack, len(parked.stack) + 1) > parked.capacity:
        raise Refused("no room for the new locals")
    if len(landing.stack) != len(parked.stack) or landing.started != parked.started:
        raise Refused("other nesting at the await")
    for name, slot in zip(landing.names, slots, strict=True):
        if name in landing.cells and type(slot) is not CellType:
            raise Refused(f"{name} has no cell")
        if slot is MISSING and name in landing.demanded:
            raise Refused(f"{name} would be read before it is bound")

    at = _frame_word(parked.owner) - _HEAD
    words = list(parked.words[: at + _SPECIALS])
    words[at + layout.code] = id(code)
    if layout.owner_code is not None:
        words[layout.owner_code - _HEAD] = id(code)
    words[at + _INSTRUCTION] = _code_bytes(code) + landing.offset + layout.advance
    top = len(slots) + len(parked.stack)
    words[at + _TOP] = words[at + _TOP] >> 32 << 32 | top
    words += [0 if o is MISSING else id(o) for o in (*slots, *parked.stack)]
    times = 1 if layout.owner_code is None else 2
    entering = [*[code] * times, *(o for o in slots if o is not MISSING)]
    leaving = [*[parked.code] * times, *(o for o in parked.slots if o is not MISSING)]
    _exchange(parked.owner, parked.words, tuple(words), entering, leaving)
    journal.undo(lambda: _put_back(parked, tuple(words), entering, leaving))
    journal.on_commit(leaving.clear)  # what nothing else holds ends here, and not before


def _words(owner: Any, end: int) -> tuple[int, ...]:
    """Read the owner's memory from its third word up to word `end`."""
    return struct.unpack(f"{end - _HEAD}Q", _view(owner, end - _HEAD).raw)


def _view(owner: Any, count: int) -> Any:
    return (ctypes.c_char * (count * _WORD)).from_address(id(owner) + _HEAD * _WORD)


def _exchange(
    owner: Any, old: tuple[int, ...], new: tuple[int, ...], entering: list[Any], leaving: list[Any]
) -> None:
    """Write `new` over the owner's memory if it still is `old`, and count what the frame holds now and held before.

    Raises:
        Refused: It is not `old` any more. Nothing was written.
    """
    seen, wanted = struct.pack(f"{len(old)}Q", *old), struct.pack(f"{len(new)}Q", *new)
    was, frame = _view(owner, len(old)), _view(owner, len(new))
    for entered in entering:
        _incref(entered)
    # One statement, no call in it: read, compare and write are not interrupted.
    frame.raw = wanted if (same := was.raw == seen) else frame.raw
    for left in leaving if same else entering:
        _decref(left)  # the lists still hold each of them: nothing ends here
    if not same:
        raise Refused("it changed while it was swapped")


def _put_back(
    parked: Parked, new: tuple[int, ...], entering: list[Any], leaving: list[Any]
) -> None:
    """Restore the frame that was read. A frame that has been resumed or closed in between stays as it is."""
    start = _frame_word(parked.owner) - _HEAD
    now = _words(parked.owner, _HEAD + len(new))
    if now[start - 1 :] != new[start - 1 :]:
        return  # it lives on in the new code: there is no way back
    # Words before the frame belong to the interpreter (weak references, the handled exception): they stay, but for
    # the code that 3.11 names there.
    code_word = LAYOUTS[sys.version_info[:2]].owner_code
    before = list(now[:start])
    if code_word is not None:
        before[code_word - _HEAD] = parked.words[code_word - _HEAD]
    back = (*before, *parked.words[start:])
    longest = max(len(now), len(back))
    rest = _words(parked.owner, _HEAD + longest)
    _exchange(parked.owner, rest, (*back, *rest[len(back) :]), leaving, entering)

"""Reading and writing the frame of a suspended coroutine, generator or async generator.

The only file of hotswap that writes interpreter memory. A wrong write crashes the process, so everything is read and
compared first, by two independent ways, and any surprise is a refusal:

* the layout is known for exactly the minor versions in `layouts.LAYOUTS`, on ordinary CPython builds;
* code, globals, frame object, function, locals and value stack are read from memory and must be the very objects that
  the interpreter itself names (``gc.get_referents``, ``gi_frame``): no pointer that we read is ever followed;
* one expression compares the frame with what was read and replaces it. Nothing can run in between: the interpreter
  looks for other threads and signals only at calls, backward jumps and function entry (the eval breaker of CPython's
  Python/ceval.c).
"""

from __future__ import annotations

import ctypes
import gc
import struct
import sys
from dataclasses import dataclass, replace
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
from hotswap.live.loops.bytecode import SUSPENDABLE, cells, slot_names
from hotswap.live.loops.layouts import HEAD, INSTRUCTION, LAYOUTS, SPECIALS, STATE, TOP, WORD
from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap.live.journal import Journal
    from hotswap.live.loops.bytecode import Facts
    from hotswap.live.loops.landing import Landing
    from hotswap.live.loops.layouts import Layout

OWNERS: Final = {CoroutineType: "cr", GeneratorType: "gi", AsyncGeneratorType: "ag"}
_api: Final[Any] = getattr(ctypes, "pythonapi", None)
if _api is not None:
    _incref, _decref = _api.Py_IncRef, _api.Py_DecRef
    for _function in (_incref, _decref):
        _function.argtypes, _function.restype = [ctypes.py_object], None


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """A suspended frame as it was read. Holds every object of it, so that none can go away or change its address."""

    owner: Any
    code: CodeType
    function: FunctionType
    globals: dict[str, Any]
    """Those that it runs with; `at_home` gives others, which `Frames.write` writes."""
    offset: int
    """Of the instruction at which it is parked, in bytes."""
    started: bool
    state: int
    """As the owner keeps it (``gi_frame_state``)."""
    names: tuple[str, ...]
    slots: tuple[Any, ...]
    """By `names`; `MISSING` where nothing is bound; cells as cells."""
    bound: tuple[bool, ...]
    """By `names`; a cell is bound when it has a content."""
    stack: tuple[Any, ...]
    capacity: int
    """Slots for locals and value stack together."""
    memory: bytes
    """The owner's memory from its third word to the top of the value stack."""

    def at_home(self, home: dict[str, Any]) -> Parked:
        """Give the same, to be written so that it runs with these globals: its function moved to another module."""
        return replace(self, globals=home)

    def value(self, name: str) -> Any:
        """Give what the local is bound to, cells opened; `MISSING` when it is not."""
        if name not in self.names:
            return MISSING
        place = self.names.index(name)
        slot = self.slots[place]
        if not self.bound[place]:
            return MISSING
        return slot.cell_contents if name in cells(self.code) else slot


def code_of(owner: Any) -> CodeType | None:
    """Give the code object in the frame of a coroutine, generator or async generator; None for anything else."""
    prefix = OWNERS.get(type(owner))
    code: object = getattr(owner, f"{prefix}_code", None) if prefix else None
    return code if isinstance(code, CodeType) else None


class Known:
    """A code object as frames need it, checked once."""

    __slots__ = ("address", "capacity", "cells", "code", "names")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.names = slot_names(code)
        shared = cells(code)
        self.cells = tuple(place for place, name in enumerate(self.names) if name in shared)
        self.capacity = len(self.names) + code.co_stacksize
        self.address = id(code) + CodeType.__basicsize__
        actual: bytes = code._co_code_adaptive  # type: ignore[attr-defined]
        if ctypes.string_at(self.address, len(actual)) != actual:
            raise Refused("layout: byte code not found")


class Frames:
    """Reads and writes the frames of one batch."""

    def __init__(self, facts: Callable[[CodeType], Facts]) -> None:
        self._facts = facts
        self._known: dict[int, Known] = {}  # each holds its code object: the id stays its own
        self._layout = LAYOUTS[sys.version_info[:2]]

    def known(self, code: CodeType) -> Known:
        """Give what is known about a code object.

        Raises:
            Refused: Its instructions are not where they should be, or a name has two slots.
        """
        found = self._known.get(id(code))
        if found is None:
            found = self._known[id(code)] = Known(code)
        return found

    def read(self, owner: Any) -> Parked:
        """Read the frame of a coroutine, generator or async generator and check everything that can be checked.

        Raises:
            Refused: It is not suspended, or something is not as the layout says.
        """
        layout = self._layout
        prefix = OWNERS.get(type(owner))
        code = code_of(owner)
        if prefix is None or code is None:
            raise Refused("it has no Python frame")
        frame = getattr(owner, f"{prefix}_frame")
        if type(frame) is not FrameType:
            raise Refused("it has ended")
        known = self.known(code)
        count, at = len(known.names), _frame_word(owner)
        globals_ = frame.f_globals
        memory = _view(owner, at + SPECIALS + known.capacity).raw
        words = struct.unpack_from(f"{at + SPECIALS}Q", memory)
        if (
            words[at + layout.code] != id(code)
            or (layout.owner_code is not None and words[layout.owner_code] != id(code))
            or words[at + layout.globals] != id(globals_)
            or words[at + layout.frame_object] != id(frame)
        ):
            raise Refused("layout: frame not found")
        state = memory[(at - 1) * WORD + STATE]
        state -= 256 if state > 127 else 0
        if state not in (layout.created, layout.suspended, layout.delegating):
            raise Refused("it is running")
        started = state != layout.created
        top = words[at + TOP] & 0xFFFFFFFF
        if not count <= top <= known.capacity:
            raise Refused("layout: the stack is out of bounds")
        offset = words[at + INSTRUCTION] - layout.advance - known.address
        facts = self._facts(code)
        if facts.opname(offset) != ("YIELD_VALUE" if started else "RETURN_GENERATOR"):
            raise Refused("it is parked in an unknown place")
        if frame.f_lasti != offset + layout.advance:
            raise Refused("layout: the instruction pointers differ")
        if len(facts.parked(offset)) != top - count:
            raise Refused("other nesting at the await than computed")
        body = struct.unpack_from(f"{top}Q", memory, (at + SPECIALS) * WORD)
        objects = _visited(owner, [words[at + place] for place in layout.held], body)
        function = objects.get(words[at + layout.function])
        if type(function) is not FunctionType:
            raise Refused("layout: its function is not found")
        slots = tuple([objects[word] for word in body[:count]])
        bound = [slot is not MISSING for slot in slots]
        for place in known.cells:
            cell = slots[place]
            if type(cell) is not CellType:
                raise Refused("layout: a cell is not found")
            bound[place] = _filled(cell)
        return Parked(
            owner=owner,
            code=code,
            function=function,
            globals=globals_,
            offset=offset,
            started=started,
            state=state,
            names=known.names,
            slots=slots,
            bound=tuple(bound),
            stack=tuple([objects[word] for word in body[count:]]),
            capacity=known.capacity,
            memory=memory[: (at + SPECIALS + top) * WORD],
        )

    def write(
        self, parked: Parked, landing: Landing, slots: Sequence[Any], journal: Journal
    ) -> None:
        """Put `landing.code` into the frame, parked at `landing.offset`, with `slots` as its locals.

        What the frame held is released when the journal commits, since finalisers may run then. Rolling back puts the
        frame back as it was, unless something has resumed it in between.

        Args:
            parked: The frame, as `read` gave it.
            landing: Where it is to be parked. ``co_stacksize`` of its code must fill the frame's capacity exactly, so
                that the capacity can be computed from the code for ever.
            slots: By ``landing.names``; `MISSING` for unbound, cells as cells.

        Raises:
            Refused: Something does not fit, or the frame has moved since it was read. Nothing was written.
        """
        layout, known, code = self._layout, self.known(landing.code), landing.code
        _fits(parked, landing, slots)
        function = _holding(parked, landing, slots)
        delegates = parked.state == layout.delegating
        if (
            parked.started
            and layout.delegating != layout.suspended
            and delegates != landing.delegates
        ):
            raise Refused("an await and a yield were exchanged")
        at = _frame_word(parked.owner)
        head = bytearray(parked.memory[: (at + SPECIALS) * WORD])
        struct.pack_into("Q", head, (at + layout.code) * WORD, id(code))
        if layout.owner_code is not None:
            struct.pack_into("Q", head, layout.owner_code * WORD, id(code))
        # The frame counts its function, which holds the globals: theirs is a borrowed reference.
        struct.pack_into("Q", head, (at + layout.function) * WORD, id(function))
        struct.pack_into("Q", head, (at + layout.globals) * WORD, id(parked.globals))
        instruction = known.address + landing.offset + layout.advance
        struct.pack_into("Q", head, (at + INSTRUCTION) * WORD, instruction)
        struct.pack_into("I", head, (at + TOP) * WORD, len(slots) + len(parked.stack))
        body = [0 if o is MISSING else id(o) for o in (*slots, *parked.stack)]
        wanted = bytes(head) + struct.pack(f"{len(body)}Q", *body)
        times = 1 if layout.owner_code is None else 2
        entering = [*[code] * times, function, *[o for o in slots if o is not MISSING]]
        leaving = [*[parked.code] * times, parked.function]
        leaving += [o for o in parked.slots if o is not MISSING]
        journal.undo(lambda: _put_back(parked, wanted, entering, leaving, layout))
        _exchange(parked.owner, parked.memory, wanted, entering, leaving)
        journal.on_commit(leaving.clear)  # what nothing else holds ends here, and not before


def _frame_word(owner: Any) -> int:
    """Give the word of the owner at which its frame begins (``offsetof(PyGenObject, gi_iframe)``)."""
    return type(owner).__basicsize__ // WORD - SPECIALS


def _view(owner: Any, words: int) -> Any:
    """Give the owner's memory as a ctypes array: its attribute ``raw`` copies with the GIL held, in one go."""
    return (ctypes.c_char * (words * WORD)).from_address(id(owner))


def _filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  raises when it is empty
    except ValueError:
        return False
    return True


def _visited(owner: Any, held: list[int], body: Sequence[int]) -> dict[int, Any]:
    """Give the objects whose addresses were read, by address, as the interpreter itself names them.

    What the garbage collector visits is what the frame counts: these very objects, in this order.

    Raises:
        Refused: They are not the same.
    """
    expected = [word for word in (*held, *body) if word]
    visited = gc.get_referents(owner)
    addresses = [id(o) for o in visited]
    # The finaliser of an async generator, the code (3.11), name and qualified name come before; the exception that is
    # being handled may come after.
    for first in range(min(6, len(addresses))):
        if addresses[first : first + len(expected)] == expected:
            break
    else:
        raise Refused("layout: the locals differ")
    if len(visited) - first - len(expected) > 1:
        raise Refused("layout: the locals differ")
    objects = dict(zip(addresses, visited, strict=True))
    objects[0] = MISSING
    return objects


def _fits(parked: Parked, landing: Landing, slots: Sequence[Any]) -> None:
    """Check that a frame can take what is to be written.

    Raises:
        Refused: It cannot.
    """
    if (parked.code.co_flags ^ landing.code.co_flags) & SUSPENDABLE:
        raise Refused("it became another kind of function")
    if (
        len(slots) != len(landing.names)
        or len(slots) + landing.code.co_stacksize != parked.capacity
    ):
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


def _holding(parked: Parked, landing: Landing, slots: Sequence[Any]) -> FunctionType:
    """Give the function that the frame is to hold: its own, or one made for it in the module that it moves to.

    Raises:
        Refused: That module has other builtins, which the frame names too.
    """
    mine = parked.function
    if parked.globals is mine.__globals__:
        return mine
    held = dict(zip(landing.names, slots, strict=True))
    closure = tuple([held[name] for name in landing.code.co_freevars])
    made = FunctionType(landing.code, parked.globals, mine.__name__, None, closure or None)
    if _builtins(made) is not _builtins(mine):
        raise Refused("the module that it moves to has other builtins")
    return made


def _builtins(function: Any) -> object:
    """Give what a function finds built-in names in; mypy knows of it or not, as its cache is cold or warm."""
    return function.__builtins__


def _exchange(owner: Any, old: bytes, new: bytes, entering: list[Any], leaving: list[Any]) -> None:
    """Write `new` over the owner's memory if it still is `old`, and count what the frame holds now and held before.

    Both begin with the owner's reference count and type, which are neither compared nor written.

    Raises:
        Refused: It is not `old` any more. Nothing was written.
    """
    skip = HEAD * WORD
    seen, choice = old[skip:], (b"", new[skip:])  # nothing, or all of it
    now = (ctypes.c_char * len(seen)).from_address(id(owner) + skip)
    frame = (ctypes.c_char * len(choice[1])).from_address(id(owner) + skip)
    for entered in entering:
        _incref(entered)
    # One statement without call or branch: nothing can run between reading, comparing and writing.
    frame.raw = choice[same := now.raw == seen]
    for left in leaving if same else entering:
        _decref(left)  # the lists still hold each of them: nothing ends here
    if not same:
        raise Refused("it changed while it was swapped")


def _put_back(
    parked: Parked, written: bytes, entering: list[Any], leaving: list[Any], layout: Layout
) -> None:
    """Restore the frame that was read. One that was resumed or closed in between, or not written, stays as it is."""
    start = (
        _frame_word(parked.owner) - 1
    ) * WORD  # of what is the frame's: its state comes before it
    now = _view(parked.owner, len(written) // WORD).raw
    if now[start:] != written[start:] or not leaving:
        return
    # What comes before belongs to the interpreter (weak references, the handled exception) and stays as it is now, but
    # for the code that 3.11 names there.
    before = bytearray(now[:start])
    if layout.owner_code is not None:
        struct.pack_into("Q", before, layout.owner_code * WORD, id(parked.code))
    back = bytes(before) + parked.memory[start:]
    try:
        _exchange(parked.owner, now, back, leaving, entering)
    except Refused:
        return  # resumed by another thread just now: it lives on in the new code

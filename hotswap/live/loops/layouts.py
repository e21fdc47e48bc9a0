"""Where the parts of a suspended frame lie in memory, for each minor version that is known; which builds those are.

CPython Include/internal/pycore_frame.h, Include/cpython/genobject.h of 3.11, 3.12, 3.13.
"""

from __future__ import annotations

import ctypes
import struct
import sys
import sysconfig
from dataclasses import dataclass
from typing import Final

WORD: Final = struct.calcsize("P")
HEAD: Final = 2
"""Words of an object before its own: reference count and type."""

SPECIALS: Final = 9
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


INSTRUCTION: Final = 7
TOP: Final = 8
"""Words of the frame: its instruction pointer; how many slots are in use."""

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
STATE: Final = 3
"""Byte of the word before the frame that holds the generator's state, in all three minors."""


def unknown() -> str:
    """Say why the frames of this interpreter are not known; "" when they are. Cheap: looks at the build only."""
    if sys.implementation.name != "cpython" or not hasattr(ctypes, "pythonapi"):
        return f"the frames of {sys.implementation.name} are not known"
    if sys.version_info[:2] not in LAYOUTS:
        return f"the frames of Python {sys.version_info[0]}.{sys.version_info[1]} are not known"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "the frames of free-threaded builds are not known"
    if hasattr(sys, "getobjects") or sysconfig.get_config_var("Py_TRACE_REFS"):
        return "the objects of Py_TRACE_REFS builds are laid out differently"
    if WORD != 8 or sys.byteorder != "little":
        return "only 64-bit little-endian builds are known"
    if "experimental-jit" in str(sysconfig.get_config_var("CONFIG_ARGS")):
        return "the frames of builds with a JIT are not known"
    return ""

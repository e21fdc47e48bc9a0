"""What code objects in frames stand for: the module's own code, and the syntax they were compiled from.

A frame may run a code object that no function has: one fitted to the frame's size, a bridge, or a superseded one. All
by identity, never by value: equal code objects come and go.
"""

from __future__ import annotations

import ast
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from types import CodeType

    from hotswap.live.journal import Journal


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a code object comes from."""

    node: ast.AST | None
    """Its function's syntax; None when it has none of its own."""
    module: ast.Module
    stands_for: CodeType | None
    """The module's own code of the function as it was after the latest swap; None while it is that itself."""
    superseded: bool = False
    """It is an old body in a frame that could not take the new one."""


_known: dict[int, tuple[weakref.ref[CodeType], Origin]] = {}


def living(files: Container[str]) -> Iterator[CodeType]:
    """Give the code objects that frames were given, or were left with, and that stand for code of these files.

    Args:
        files: `co_filename` of the code that they stand for: a function may have moved there from another file.
    """
    for reference, _ in list(_known.values()):
        code = reference()
        if code is not None and plain(code).co_filename in files:
            yield code


def origin(code: CodeType) -> Origin | None:
    """Give what is known about `code`, or None."""
    entry = _known.get(id(code))
    return entry[1] if entry is not None and entry[0]() is code else None


def remember(code: CodeType, what: Origin, journal: Journal) -> None:
    """Remember `what` for as long as `code` lives, unless the swap is rolled back."""
    key = id(code)
    before = _known.get(key)

    def forget(_: object, key: int = key) -> None:
        _known.pop(key, None)

    entry = (weakref.ref(code, forget), what)

    def undo() -> None:
        if _known.get(key) is not entry:
            return
        if before is None:
            del _known[key]
        else:
            _known[key] = before

    journal.undo(undo)
    _known[key] = entry


def leave(code: CodeType, pairs: Mapping[CodeType, CodeType], journal: Journal) -> None:
    """Note of code that executes, and so stays, that its function moved to another file: edits there name it."""
    new = pairs.get(plain(code))
    if new is not None and new.co_filename != code.co_filename:
        remember(code, Origin(None, ast.Module([], []), new, superseded=True), journal)


def superseded(code: CodeType) -> bool:
    """Tell whether `code` is an old body that was left in frames which could not take the new one."""
    found = origin(code)
    return found is not None and found.superseded


def plain(code: CodeType) -> CodeType:
    """Give the module's own code object that `code` stands for: itself, unless a swap made or superseded it."""
    seen = {id(code)}
    while True:
        found = origin(code)
        if found is None or found.stands_for is None or id(found.stands_for) in seen:
            return code
        code = found.stands_for
        seen.add(id(code))

"""Proof after each swap: does what lives equal what is written?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap.source import codes
from hotswap.source.model import Stale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType, FunctionType

    from hotswap.live.patch import Heap


def stale_functions(
    heap: Heap,
    compiles: Mapping[str, Iterable[CodeType]],
    excused: set[int],
    paths: Mapping[str, str],
) -> list[tuple[FunctionType, Stale]]:
    """Give the live functions of the changed files that do not run code of the new source.

    Args:
        heap: One pass over the heap, made after everything ran.
        compiles: By `co_filename`: every code object of the new compiles.
        excused: ids of code objects that the swap made itself (conformed, forwarding).
        paths: `co_filename` -> path for the report.
    """
    current = {name: set(made) for name, made in compiles.items()}
    found: list[tuple[FunctionType, Stale]] = []
    for function, code in heap.functions:
        known = current.get(code.co_filename)
        if known is None or code in known or id(code) in excused:
            continue
        name = getattr(function, "__qualname__", code.co_qualname)
        found.append(
            (
                function,
                Stale(
                    name,
                    "body",
                    "runs code that the source no longer contains",
                    paths[code.co_filename],
                    code.co_firstlineno,
                ),
            )
        )
    return found


def stale_docs(heap: Heap) -> list[Stale]:
    """Give functions whose docstring is neither that of their code nor one that somebody set."""
    found = []
    for function, code in heap.functions:
        written = codes.docstring(code)
        if (
            function.__doc__ is None
            and written is not None
            and "__wrapped__" not in function.__dict__
        ):
            found.append(
                Stale(
                    function.__qualname__,
                    "docstring",
                    "is missing",
                    code.co_filename,
                    code.co_firstlineno,
                )
            )
    return found

"""Proof after each swap: does what lives equal what is written?"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING
from weakref import ref

from hotswap.source import codes
from hotswap.source.model import Stale

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from types import CodeType, FunctionType

    from hotswap.live.journal import Journal
    from hotswap.live.patch import Heap


def normalise(
    heap: Heap,
    compiled: Mapping[str, CodeType],
    fitted: dict[int, tuple[CodeType, CodeType]],
    journal: Journal,
) -> None:
    """Give functions that a statement compiled alone made the code of the whole-file compile.

    The two may differ: calls on an imported module are spelled with LOAD_ATTR or LOAD_METHOD depending on whether
    the import stands in the same compile unit. Modules that only followed have such
    functions too: left as they are, the next edit would not find them by value.

    Args:
        heap: The live functions.
        compiled: By `co_filename`: the whole-file compiles.
        fitted: Codes made to fit free variables; they come to stand for the whole-file compile's code.
        journal: Takes every undo.
    """
    places: dict[tuple[str, str, int, str], list[CodeType]] = {}
    whole: dict[str, dict[CodeType, CodeType]] = {}
    for filename, code in compiled.items():
        found = whole[filename] = {one: one for one in codes.walk(code)}
        for one in found:
            key = (filename, one.co_qualname, one.co_firstlineno, one.co_name)
            places.setdefault(key, []).append(one)
    for function, _ in heap.functions:
        made = function.__code__
        code = fitted[id(made)][1] if id(made) in fitted else made
        if code.co_filename not in whole:
            continue
        twin = whole[code.co_filename].get(code)
        if twin is not None:
            # equal, but the next swap goes by identity (live/holders.py)
            if code is made is not twin:
                journal.recode(function, twin)
            continue
        same = places.get(
            (code.co_filename, code.co_qualname, code.co_firstlineno, code.co_name), ()
        )
        same = [
            c
            for c in same
            if c.co_freevars == code.co_freevars and c.co_varnames == code.co_varnames
        ]
        if len(same) == 1 and code is not made:
            fitted[id(made)] = (made, same[0])
        elif len(same) == 1:
            journal.recode(function, same[0])
    heap.functions = [(f, f.__code__) for f, _ in heap.functions]


def stale_rows(
    heap: Heap,
    compiled: Mapping[str, CodeType],
    paths: Mapping[str, str],
    excused: Container[int],
    forwarding: Container[int],
) -> list[tuple[ref[FunctionType], Stale]]:
    """Give what lives and is not what is written, of definitions that are still in the source.

    What statements have replaced is among it as long as the journal holds it: `still_living` tells.

    Args:
        heap: One pass over the heap, made after everything ran.
        compiled: By `co_filename`: the new whole-file compiles.
        paths: `co_filename` -> path for the report.
        excused: ids of code objects that the swap made itself (conformed, forwarding).
        forwarding: ids of functions that forward to another one, or that another one forwarded to.
    """
    heap.functions = [(f, f.__code__) for f, _ in heap.functions]
    return [
        (ref(function), row)
        for function, row in stale_functions(heap, compiled, excused, paths)
        if id(function) not in forwarding
        and not codes.forwards(function.__code__)
        and any(
            code.co_qualname == row.name
            for filename, whole in compiled.items()
            if paths[filename] == row.path
            for code in codes.walk(whole)
        )
    ]


def still_living(rows: Iterable[tuple[ref[FunctionType], Stale]]) -> list[Stale]:
    """Give the rows whose function is still there when the journal has let go of what was replaced.

    A route that is made anew leaves circles behind, with the endpoint in them: they are collected first.
    """
    if any(function() is not None for function, _ in rows):
        gc.collect()
    return [row for function, row in rows if function() is not None]


def stale_functions(
    heap: Heap,
    compiled: Mapping[str, CodeType],
    excused: Container[int],
    paths: Mapping[str, str],
) -> list[tuple[FunctionType, Stale]]:
    """Give the live functions of the changed files that do not run code of the new source.

    Args:
        heap: One pass over the heap, made after everything ran.
        compiled: By `co_filename`: the new whole-file compiles.
        excused: ids of code objects that the swap made itself (conformed, forwarding).
        paths: `co_filename` -> path for the report.
    """
    walked = {name: list(codes.walk(made)) for name, made in compiled.items()}
    running = {id(code) for several in walked.values() for code in several}
    current: dict[str, set[CodeType]] = {}  # by value, where that is needed: hashing all costs
    found: list[tuple[FunctionType, Stale]] = []
    for function, code in heap.functions:
        path = code.co_filename
        if path not in walked or id(code) in running or id(code) in excused:
            continue
        if path not in current:
            current[path] = set(walked[path])
        if code in current[path]:
            continue
        if code.co_name == "<module>":
            continue  # `exec` makes a function of a module's code, which lives while a script runs (PyEval_EvalCode)
        name = getattr(function, "__qualname__", code.co_qualname)
        found.append(
            (
                function,
                Stale(
                    name,
                    "body",
                    _reason(code, current[path]),
                    paths[path],
                    code.co_firstlineno,
                ),
            )
        )
    return found


def _reason(code: CodeType, known: Iterable[CodeType]) -> str:
    """Say why a live function could not take what is written."""
    same = [one for one in known if one.co_qualname == code.co_qualname]
    if len(same) == 1:
        captured = [n for n in same[0].co_freevars if n not in code.co_freevars]
        if captured:
            some = ", ".join(captured)
            return f"it captures {some} now, which it did not: its function has to make it anew"
    return "runs code that the source no longer contains"

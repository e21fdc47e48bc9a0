"""What changed outside the source: environment variables, and objects refreshed in place. Whoever read them follows."""

from __future__ import annotations

import ast
import functools
import os
from typing import TYPE_CHECKING, Final

from hotswap.live.holders import results
from hotswap.live.rerun.joining import follow
from hotswap.live.why import Kind, Why
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from types import CodeType

    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import Rerun
    from hotswap.source.units import Unit

ENVIRONMENT: Final = frozenset({"environ", "environb", "getenv", "getenvb"})
"""What a program spells when it reads a variable: ``os.environ``, ``from os import getenv``."""


def see_outside(rerun: Rerun) -> None:
    """Before anything runs: let the modules join that hold a refreshed object, or read variables that changed."""
    refreshed = {id(thing) for thing in rerun.outside.objects}
    if refreshed:
        for entry in list(rerun.tracker.loaded.values()):
            names = {name for name, value in entry.names.items() if id(value) in refreshed}
            makers = {
                name
                for name, value in entry.names.items()
                if type(value) is functools._lru_cache_wrapper
                and not refreshed.isdisjoint(map(id, results(value)))
            }
            if names or makers:
                swap = rerun.swaps.get(entry.name) or follow(rerun, entry)
                swap.dirty |= names
                swap.tainted |= makers
    see_variables(rerun, rerun.outside.variables)


def see_variables(rerun: Rerun, variables: Iterable[str], after: Loaded | None = None) -> None:
    """Let the modules that read variables which changed join, and have another turn if they had theirs.

    Args:
        variables: Which changed.
        after: The module whose statement did it: modules that were imported before it never saw what it did.
    """
    fresh = set(variables) - rerun.variables
    if not fresh:
        return
    rerun.variables |= fresh
    for entry in _readers(rerun):
        if after is not None and entry.order <= after.order:
            continue
        swap = rerun.swaps.get(entry.name) or follow(rerun, entry)
        swap.started = False
        for code in codes.children(swap.text.code):
            if code.co_name not in swap.tainted and _function_reads(code, rerun.variables):
                swap.tainted.add(code.co_name)


def variables_read(rerun: Rerun, unit: Unit) -> Why | None:
    """Say which changed variable a statement reads when it runs; None when it reads none."""
    if not rerun.variables or unit.kind in ("def", "import", "docstring"):
        return None
    scan = unit.scan
    spelled = {part for chain in scan.chains | scan.called_chains for part in chain}
    if not (spelled | scan.reads | scan.calls) & ENVIRONMENT:
        return None
    constants = [n.value for n in ast.walk(unit.node) if isinstance(n, ast.Constant)]
    written = {value for value in constants if isinstance(value, str)}
    named = sorted(written & rerun.variables)
    if named:
        return Why(Kind.READS, f"{named[0]} of the environment")
    # ``settings = dict(os.environ)`` names none and takes all
    return None if written else Why(Kind.READS, "the environment")


def environment() -> dict[str, str]:
    """Give the environment as it is; `differing` compares it with what a statement left."""
    return dict(os.environ)


def differing(before: dict[str, str]) -> set[str]:
    """Give the variables that are not as they were."""
    now = os.environ
    return {k for k in {*before, *now} if before.get(k) != now.get(k)}


def _readers(rerun: Rerun) -> Iterator[Loaded]:
    for entry in list(rerun.tracker.loaded.values()):
        if (b"environ" in entry.data or b"getenv" in entry.data) and not rerun.pinned(entry.name):
            yield entry


def _function_reads(code: CodeType, variables: AbstractSet[str]) -> bool:
    """Say whether a module-level function, or one nested in it, reads one of the variables."""
    return any(
        ENVIRONMENT & {*one.co_names, *one.co_freevars}
        and variables & {c for c in one.co_consts if isinstance(c, str)}
        for one in codes.walk(code)
        if not codes.is_class_body(one)
    )

"""Calls that stand as statements inside of blocks, and the loops around them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Loop = ast.For | ast.AsyncFor
DISPLAYS: Final = (ast.List, ast.Tuple, ast.Set)


@dataclass(frozen=True)
class Call:
    """A statement that is a call and nothing else: ``log.addHandler(h)``."""

    statement: ast.Expr
    call: ast.Call
    loops: tuple[Loop, ...] = ()
    """The loops in which it stands, outermost first."""

    @cached_property
    def spelling(self) -> str:
        return ast.dump(self.statement)


def _unknown(test: ast.expr) -> bool | None:  # noqa: ARG001
    return None


def calls_in(
    node: ast.stmt,
    loops: tuple[Loop, ...] = (),
    *,
    judge: Callable[[ast.expr], bool | None] = _unknown,
) -> Iterator[Call]:
    """Give the calls in the blocks of a statement, at whatever depth.

    What stands in definitions runs later, and what stands in an ``except`` most often never: neither is given.

    Args:
        node: The statement.
        loops: Those around it.
        judge: Says which way the test of an ``if`` goes; None where that cannot be told: both are given.
    """
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    if isinstance(node, (ast.For, ast.AsyncFor)):
        loops = (*loops, node)
    for block in _blocks(node, judge):
        for inner in block:
            value = inner.value if isinstance(inner, ast.Expr) else None
            if isinstance(value, ast.Await):
                value = value.value
            if isinstance(inner, ast.Expr) and isinstance(value, ast.Call):
                yield Call(inner, value, loops)
            else:
                yield from calls_in(inner, loops, judge=judge)


def _blocks(node: ast.stmt, judge: Callable[[ast.expr], bool | None]) -> Iterator[list[ast.stmt]]:
    way = judge(node.test) if isinstance(node, ast.If) else None
    names = ("body", "orelse", "finalbody") if way is None else ("body",) if way else ("orelse",)
    for name in names:
        yield list(getattr(node, name, ()))
    for case in getattr(node, "cases", ()):
        yield list(case.body)


def goes_as_far(new: Call, old: Call) -> bool:
    """Say whether a call is made for all objects for which another, spelled the same, was made."""
    return len(new.loops) == len(old.loops) and all(
        ast.dump(a.target) == ast.dump(b.target)
        and (ast.dump(a.iter) == ast.dump(b.iter) or holds(a.iter, b.iter))
        for a, b in zip(new.loops, old.loops, strict=True)
    )


def is_display(node: ast.expr | None) -> bool:
    """Say whether a list, tuple or set is spelled out."""
    return isinstance(node, DISPLAYS)


def holds(new: ast.expr | None, old: ast.expr | None) -> bool:
    """Say whether a list that is spelled out holds all elements of another one."""
    if not isinstance(new, DISPLAYS) or not isinstance(old, DISPLAYS):
        return False
    return {ast.dump(e) for e in old.elts} <= {ast.dump(e) for e in new.elts}

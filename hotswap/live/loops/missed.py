"""What a frame has passed and so does not run for it: lines before its await, iterators and context managers.

Pure: places in, lines for the report out.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hotswap.live.loops import bridge as bridges
from hotswap.live.loops.order import headers, passed, passed_headers, simple_statements
from hotswap.live.loops.places import LOOPS, dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.live.loops.places import Place

_EFFECTS: Final = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
"""Statements whose running can be missed."""


def lines(
    old: Place, old_function: ast.AST, new: Place, new_function: ast.AST, *, left: bool
) -> Iterator[str]:
    """Tell of added and edited lines that the frame has passed, and that do more than bind a local.

    Args:
        old: Where it is parked.
        old_function: What that is in.
        new: Where it will be.
        new_function: What that is in: the edited function, or a bridge.
        left: It is parked in leaving an ``async with``, whose body has run.
    """
    before, now = _passed(old, old_function, left=left), _passed(new, new_function, left=left)
    found = _missed(before, now)
    if len(found) == 1:
        yield f"line {found[0]} is before its await and does not run for it"
    elif found:
        some = ", ".join(map(str, found[:3])) + (" ..." if len(found) > 3 else "")
        yield f"lines {some} are before its await and do not run for it"


def _passed(place: Place, function: ast.AST, *, left: bool) -> list[ast.stmt | ast.expr]:
    """Give what has run, or may have, before the frame comes to `place`: simple statements, and headers.

    Args:
        place: Where it is parked.
        function: What that is in.
        left: It is an ``async with`` that is being left: its body has run.
    """
    found: list[ast.stmt | ast.expr] = [*passed(place.statement, function)]
    found += passed_headers(place.statement, function)
    if left and place.statement is place.node:
        body = getattr(place.node, "body", [])
        found += [*simple_statements(body), *(head for inner in body for head in headers(inner))]
    return found


def _missed(ago: list[ast.stmt | ast.expr], now: list[ast.stmt | ast.expr]) -> list[int]:
    """Give the lines, added or edited, that the frame has passed and that do more than bind a local."""
    before = {dump(one) for one in ago}
    lines = [
        one.lineno
        for one in now
        if isinstance(one, (*_EFFECTS, ast.expr))
        and not (isinstance(one, ast.stmt) and _binds_locals_only(one))
        and dump(one) not in before
    ]
    return sorted(set(lines))


def _binds_locals_only(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, (ast.Constant, ast.Name))
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return not any(
        isinstance(n, (ast.Attribute, ast.Subscript)) and not isinstance(n.ctx, ast.Load)
        for target in targets
        for n in ast.walk(target)
    )


def heads(old: Place, new: Place) -> Iterator[str]:
    """Tell of edited headers whose running iterator or context manager goes on."""

    def found_in(place: Place) -> list[tuple[ast.AST, str]]:
        found: list[tuple[ast.AST, str]] = []
        for node, at in (*place.chain, (place.node, "body")):
            if isinstance(node, (ast.For, ast.AsyncFor)) and at == "body":
                found.append((node, dump(node.iter)))
            elif isinstance(node, (ast.With, ast.AsyncWith)) and at == "body":
                found.append((node, " ".join(dump(i.context_expr) for i in node.items)))
        return found

    for (node, before), (edited, after) in zip(found_in(old), found_in(new), strict=False):
        if before != after and not bridges.stands_in(edited):
            line = int(getattr(edited, "lineno", 0))
            if isinstance(node, LOOPS):
                yield f"the iterator of line {line} goes on as it was made"
            else:
                yield f"the context manager of line {line} is left as it was entered"

"""What the turn in flight has run already, and what it will run: an edit that exchanges the two must wait for its end.

A statement that the edit moved from before the await to behind it would run twice in the turn in flight; one that it
moved the other way would not run at all. A name that the new text binds earlier in the turn, and the old text later,
still has the value of the turn before. Pure: syntax in, a refusal out.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Final

from hotswap.live.loops.model import Refused
from hotswap.live.loops.places import LOOPS, SCOPES, dump, own_nodes, way_to

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from hotswap.live.loops.names import Binding
    from hotswap.live.loops.places import Place

_NOTHING: Final = (ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal)


def keep_order(old: Place, old_function: ast.AST, new: Place, new_function: ast.AST) -> None:
    """Check that every statement of the turn stays on its side of the await.

    Raises:
        Refused: One does not: the turn in flight would run it twice, or not at all.
    """
    before, after = _sides(old, old_function)
    before_now, after_now = _sides(new, new_function)
    for left, stayed, came, was, what in (
        (before, before_now, after_now, after, "run twice"),
        (after, after_now, before_now, before, "not run"),
    ):
        moved = (_count(left) - _count(stayed)) & (_count(came) - _count(was))
        if moved:
            line = min(s.lineno for s in came if dump(s) in moved)
            raise Refused(f"line {line} would {what} in the turn in flight", in_turn=True)


def keep_turns(old: Collection[Binding], new: Collection[Binding], read: Collection[str]) -> None:
    """Check that what is read behind the await is of this turn.

    Args:
        old: What binds names on the way to the await, in the old text.
        new: The same in the new text.
        read: Names that the frame has bound, and that are read from there before they are bound.

    Raises:
        Refused: A name that the new text binds earlier in the turn still has the value of the turn before.
    """
    mine = {binding.name for binding in old if binding.in_turn}
    for binding in new:
        if binding.in_turn and binding.certain and binding.name in {*read} - mine:
            reason = f"{binding.name} is bound by line {binding.line}, which the turn has passed"
            raise Refused(reason, in_turn=True)


def passed(loop: ast.stmt, root: ast.AST) -> list[ast.stmt]:
    """Give the simple statements inside `root` that have run, or may have, when `loop` is come to."""
    return [simple for statement in _before(loop, root) for simple in _simple(statement)]


def passed_headers(loop: ast.stmt, root: ast.AST) -> list[ast.expr]:
    """Give the expressions of compound statements that have been evaluated, or may have, when `loop` is come to."""
    return [head for statement in _before(loop, root) for head in headers(statement)]


def headers(statement: ast.stmt) -> Iterator[ast.expr]:
    """Give what the compound statements in `statement` evaluate before their blocks."""
    for node in (statement, *own_nodes(statement)):
        if isinstance(node, (ast.For, ast.AsyncFor)):
            yield node.iter
        elif isinstance(node, (ast.While, ast.If)):
            yield node.test
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            yield from (item.context_expr for item in node.items)
        elif isinstance(node, ast.Match):
            yield node.subject


def simple_statements(block: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Give the simple statements in a block, however deep."""
    return [simple for statement in block for simple in _simple(statement)]


def _before(loop: ast.stmt, root: ast.AST) -> Iterator[ast.stmt]:
    way = way_to(loop, root)
    for index, (node, field) in enumerate(way):
        following = way[index + 1][0] if index + 1 < len(way) else loop
        block = getattr(node, field)
        for statement in block if isinstance(block, list) else []:
            if statement is following:
                break
            if isinstance(statement, ast.stmt):
                yield statement


def _count(statements: Iterable[ast.stmt]) -> Counter[str]:
    return Counter(map(dump, statements))


def _sides(place: Place, function: ast.AST) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Give the simple statements that the turn has passed at `place`, and those that it may still come to.

    Where the place is in no loop, nor one itself, the whole function is one turn. Other branches than the place's own
    are neither.
    """
    before: list[ast.stmt] = []
    after: list[ast.stmt] = []
    chain = ((function, "body"), *place.chain)
    in_turn = not place.loops and not isinstance(place.node, ast.AsyncFor)
    for index, (node, field) in enumerate(chain):
        in_turn = in_turn or (isinstance(node, LOOPS) and field in ("body", "test"))
        following = chain[index + 1][0] if index + 1 < len(chain) else place.node
        block = getattr(node, field, None)
        if not in_turn or not isinstance(block, list):
            continue
        side = before
        for statement in block:
            if statement is following:
                side = after
            elif isinstance(statement, ast.stmt):
                side += _simple(statement)
    return before, after


def _simple(statement: ast.AST) -> Iterator[ast.stmt]:
    """Give the simple statements of a statement: itself, or what is inside."""
    blocks = [
        child
        for child in ast.iter_child_nodes(statement)
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case))
    ]
    if isinstance(statement, ast.stmt) and (isinstance(statement, SCOPES) or not blocks):
        if not isinstance(statement, _NOTHING):
            yield statement
        return
    for block in blocks:
        yield from _simple(block)

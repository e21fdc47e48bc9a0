"""An old source beside its new one: statements that both have, line for line, are parsed once.

Nothing of a syntax tree is kept between saves (1.9 MB per 1,000 lines), so the source that runs is read again at each
edit. Most of it stands unchanged before and behind the edit; only what lies between is parsed.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from hotswap.source.nodes import first_line

if TYPE_CHECKING:
    from hotswap.source.units import Text


def share(old: Text, new: Text) -> None:
    """Let `old` have the syntax of the statements it shares with `new`; without effect where that is not certain.

    Raises:
        SyntaxError: `new` cannot be parsed.
    """
    body = new.tree.body
    start, end = _common(old.lines, new.lines)
    head = 0
    while head < len(body) and _end(body[head]) <= start and _alone(body, head):
        head += 1
    tail = len(body)
    while tail > head and first_line(body[tail - 1]) > len(new.lines) - end:
        tail -= 1
    while tail < len(body) and tail > 0 and not _alone(body, tail - 1):
        tail += 1
    shift = len(old.lines) - len(new.lines)
    above = _end(body[head - 1]) if head else 0
    below = first_line(body[tail]) + shift - 1 if tail < len(body) else len(old.lines)
    between = _parsed("\n" * above + "".join(old.lines[above:below]))
    # the edit ends within a statement: ``else:`` was there, or a bracket was open
    if between is None:
        return
    shared = body[tail:]
    old.shifts = {id(node): shift for node in shared} if shift else {}
    old.__dict__["tree"] = ast.Module([*body[:head], *between, *shared], [])


def _parsed(text: str) -> list[ast.stmt] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text).body
        except (SyntaxError, ValueError):
            return None


def _common(old: list[str], new: list[str]) -> tuple[int, int]:
    """Count the equal lines at the beginning, and those at the end that remain."""
    limit = min(len(old), len(new))
    start = 0
    while start < limit and old[start] == new[start]:
        start += 1
    end = 0
    while end < limit - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _alone(body: list[ast.stmt], index: int) -> bool:
    """Say whether no other statement begins on the line on which this one ends."""
    return index + 1 == len(body) or first_line(body[index + 1]) > _end(body[index])


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno

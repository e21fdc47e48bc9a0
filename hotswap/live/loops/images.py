"""Which place of an edited function, and which loop, is the image of one in the function as it was.

Pure: places in, places out (docs/explanation/running-code.md, "The image of an await").
"""

from __future__ import annotations

import ast
import difflib
import re
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.places import (
    Loop,
    Place,
    dump,
    is_go,
    loops_of,
    own_nodes,
    test_of,
    turn_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LEAST_KIN: Final = 0.4
"""Likeness of two bodies from which on a loop of another kind is the image of a loop."""


class Likeness:
    """Scores how much two loops are the same loop: up to 1.5; negative for different kinds, or when one is missing."""

    def __init__(self, halves: Mapping[int, str]) -> None:
        self.halves = halves
        """Of the old function's bridge, as the frame sees it."""
        self._known: dict[tuple[int, int], float] = {}

    def __call__(self, old: Loop | None, new: Loop | None) -> float:
        if old is None or new is None:
            return 1.0 if old is new else -1.0
        if type(old) is not type(new):
            return -1.0
        key = id(old), id(new)
        if key not in self._known:
            before, after = self._lines(old), self._lines(new)
            lines = difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()
            self._known[key] = lines + (0.5 if self._header(old) == self._header(new) else 0.0)
        return self._known[key]

    def kin(self, old: Loop, new: Loop) -> float:
        """Score how much two loops of whatever kind do the same: up to 1; 0 when it is less than half."""
        key = -id(old), id(new)
        if key not in self._known:
            before, after = self._lines(old), self._lines(new)
            lines = difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()
            self._known[key] = lines if lines >= LEAST_KIN else 0.0
        return self._known[key]

    def _lines(self, loop: Loop) -> list[str]:
        """Give a short body's words, or a long one's lines: words tell more, and take longer to compare."""
        lines = "\n".join(map(ast.unparse, turn_of(loop, self.halves)[0])).split("\n")
        return lines if len(lines) > 40 else re.findall(r"\w+|[^\w\s]", " ".join(lines))

    def _header(self, loop: Loop) -> str:
        if isinstance(loop, ast.While):
            return dump(test_of(loop, self.halves)[0])
        return dump(loop.target) + dump(loop.iter)


def align(
    olds: Sequence[Any], news: Sequence[Any], score: Callable[[Any, Any], float]
) -> dict[int, int]:
    """Pair in order, for the highest total score; a pair that scores nothing is never made."""
    rows, columns = len(olds), len(news)
    scores = [[score(old, new) for new in news] for old in olds]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            pair = best[i + 1][j + 1] + scores[i][j] if scores[i][j] > 0 else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], pair)
    pairs: dict[int, int] = {}
    i = j = 0
    while i < rows and j < columns:
        if scores[i][j] > 0 and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            pairs[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _score(old: Place, new: Place, like: Likeness) -> float:
    if (
        type(old.node) is not type(new.node)
        or old.opaque != new.opaque
        or old.callees != new.callees
        or old.in_test != new.in_test
        or bool(old.loops) != bool(new.loops)
        or (old.text[0] != new.text[0] and not (old.plain and new.plain))
    ):
        return 0.0
    inner = like(old.loops[-1] if old.loops else None, new.loops[-1] if new.loops else None)
    same = 2.0 * (old.text[0] == new.text[0]) + (old.text[1] == new.text[1])
    return 1.0 + same + 4.0 * max(inner, 0.0)


def image(old: Place, olds: Sequence[Place], news: Sequence[Place], like: Likeness) -> Place | None:
    """Give the place of the edited function that is the image of `old`, or None when there is none.

    In a bridge the two halves stand for one stretch of source: only the half that `old` is in takes part.
    """
    rivals = [place for place in olds if old.same_half(place)]
    pairs = align(rivals, news, lambda a, b: _score(a, b, like))
    found = pairs.get(rivals.index(old))
    return None if found is None else news[found]


def loop_image(
    loop: Loop, place: Place, old: ast.AST, new: ast.AST, like: Callable[[Loop, Loop], float]
) -> Loop | None:
    """Give the loop of the edited function that is the image of `loop`, one of those around `place`; or None.

    What an old loop hands over to, in a bridge, is not a rival of that loop.
    """
    over = {
        id(inner) for node in own_nodes(old) if is_go(node) for inner in loops_of(node)
    }  # fmt: skip
    behind = "go" in place.halves.values()
    olds = [one for one in loops_of(old) if (id(one) in over) == behind or one is loop]
    news = loops_of(new)
    pairs = align(olds, news, lambda a, b: max(like(a, b), 0.0))
    found = pairs.get(next(i for i, one in enumerate(olds) if one is loop))
    return None if found is None else news[found]

"""Where a function can be suspended, as places in its source, and which place of an edited function is whose image.

Pure: syntax trees and code objects in, places out (docs/explanation/running-code.md, "The image of an await").
"""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import CodeType

    from hotswap.live.loops.bytecode import Facts

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Loop: TypeAlias = ast.While | ast.For | ast.AsyncFor
Span: TypeAlias = tuple[int, int, int, int]
Step: TypeAlias = tuple[ast.AST, str]
"""An ancestor and the field of it that leads down to the place."""

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES: Final = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
LOOPS: Final = (ast.While, ast.For, ast.AsyncFor)
TRIES: Final = (ast.Try, ast.TryStar)
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SUSPENDS: Final = (ast.Await, ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith)
_HEADED: Final = (
    *(ast.While, ast.If, ast.For, ast.AsyncFor, ast.Match, ast.withitem, ast.match_case),
    *(ast.With, ast.AsyncWith, ast.ExceptHandler, ast.Try, ast.TryStar),
)
_WHOLE: Final = (ast.Expr, ast.Assign, ast.Return, ast.AnnAssign)

TURN: Final = "__hotswap_turn__"
"""Hidden local of a bridge (bridge.py): false once the turn in flight is over."""


def span(node: ast.AST) -> Span:
    """Give (line, column, last line, last column) of a node, columns in UTF-8 bytes as in ``co_positions``."""
    found: Any = node
    return (found.lineno, found.col_offset, found.end_lineno or 0, found.end_col_offset or 0)


def dump(node: ast.AST | None) -> str:
    """Give a text that is equal for nodes that are equal but for their place."""
    return "" if node is None else ast.dump(node)


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Walk a function's own nodes, in source order, without what runs in other scopes."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, SCOPES):
            yield child
            yield from own_nodes(child)


def loops_of(function: ast.AST) -> list[Loop]:
    """Give a function's own loops in source order."""
    return [node for node in own_nodes(function) if isinstance(node, LOOPS)]


@dataclass(eq=False)
class Place:
    """One suspension in the source, with the byte code offsets that stand for it."""

    node: ast.AST
    chain: tuple[Step, ...]
    """From the function's body inwards."""
    copies: list[int]

    @property
    def line(self) -> int:
        """Line of the await."""
        return int(getattr(self.node, "lineno", 0))

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """Loops whose turn this place is part of, outermost first."""
        return tuple(
            node
            for node, field in self.chain
            if (isinstance(node, LOOPS) and field == "body")
            or (isinstance(node, ast.While) and field == "test")
        )

    @cached_property
    def in_test(self) -> bool:
        """Part of the innermost loop's test."""
        return next(
            (field == "test" for node, field in reversed(self.chain) if isinstance(node, LOOPS)),
            False,
        )

    @cached_property
    def unit(self) -> ast.AST:
        """What is evaluated as one: a simple statement, or one header expression of a compound one."""
        if isinstance(self.node, ast.stmt):
            return self.node
        steps = [n for n, _ in self.chain] + [self.node]
        for index in range(len(steps) - 2, -1, -1):
            node = steps[index]
            if isinstance(node, _HEADED):
                return steps[index + 1]
            if isinstance(node, ast.stmt):
                return node
        return steps[0]

    @cached_property
    def opaque(self) -> tuple[str, ...]:
        """Kinds of the enclosing constructs that keep something on the value stack, outermost first."""
        kinds = []
        for node, field in self.chain:
            if isinstance(node, (ast.For, ast.AsyncFor)) and field == "body":
                kinds.append(type(node).__name__)
            elif isinstance(node, (ast.With, ast.AsyncWith)) and field == "body":
                kinds.append(f"{type(node).__name__} {len(node.items)}")
            elif isinstance(node, (ast.With, ast.AsyncWith)):
                kinds.append(
                    f"{type(node).__name__} header {_index_of(node, self.chain, self.node)}"
                )
            elif isinstance(node, ast.ExceptHandler):
                kinds.append("except")
            elif isinstance(node, TRIES) and field == "finalbody":
                kinds.append("finally")
            elif isinstance(node, COMPREHENSIONS):
                kinds.append("comprehension")
            elif isinstance(node, ast.match_case) and field == "guard":
                kinds.append("guard")  # its subject waits; in a case's body nothing does
            elif isinstance(node, ast.TryStar) and field == "handlers":
                kinds.append("except*")
        return tuple(kinds)

    @cached_property
    def callees(self) -> tuple[str, ...]:
        """What the awaited expression calls; the expression itself when it calls nothing."""
        node = self.node
        if isinstance(node, ast.Yield):
            return ("yield",)
        if isinstance(node, ast.AsyncWith):
            return tuple(dump(item.context_expr) for item in node.items)
        value = node.iter if isinstance(node, ast.AsyncFor) else getattr(node, "value", None)
        if not isinstance(value, ast.AST):
            return ()
        calls = tuple(dump(n.func) for n in ast.walk(value) if isinstance(n, ast.Call))
        return calls or (dump(value),)

    @cached_property
    def plain(self) -> bool:
        """Nothing of the statement's own waits on the stack below the awaited value."""
        unit, node = self.unit, self.node
        if isinstance(node, COMPREHENSIONS):
            return False  # 3.12+ keeps its iterator and its result there
        if unit is node:
            return True
        if isinstance(unit, ast.NamedExpr):
            return unit.value is node
        return isinstance(unit, _WHOLE) and unit.value is node

    @cached_property
    def text(self) -> tuple[str, str]:
        """The unit and the await itself, comparable."""
        if self.unit is self.node and isinstance(self.node, ast.stmt):
            return ("", "")  # the statement's body is not evaluated with it
        return dump(self.unit), dump(self.node)

    @cached_property
    def halves(self) -> dict[int, str]:
        """Which half of a bridge's splices this place is in: ``old`` or ``new``, by id of the splice's node."""
        return {
            id(node): "old" if field == "body" else "new"
            for node, field in self.chain
            if isinstance(node, (ast.If, ast.IfExp)) and is_turn(node.test) and field != "test"
        }

    def same_half(self, other: Place) -> bool:
        """Tell whether one turn of the loop could pass both places."""
        return all(other.halves.get(node, half) == half for node, half in self.halves.items())


def is_turn(test: ast.AST) -> bool:
    """Tell whether this is the test of a bridge's splice."""
    return isinstance(test, ast.Name) and test.id == TURN


def turn_of(loop: Loop, halves: Mapping[int, str]) -> tuple[list[ast.stmt], str]:
    """Give the statements that one turn of `loop` is made of, and the half of the splice that they are, if any."""
    if len(loop.body) == 1:
        splice = loop.body[0]
        if isinstance(splice, ast.If) and is_turn(splice.test):
            half = halves.get(id(splice), "new")
            return (splice.body if half == "old" else splice.orelse), half
    return loop.body, ""


def test_of(loop: ast.While, halves: Mapping[int, str]) -> tuple[ast.expr, str]:
    """Give the test of a loop as one turn evaluates it, and the half of the splice that it is, if any."""
    if isinstance(loop.test, ast.IfExp) and is_turn(loop.test.test):
        half = halves.get(id(loop.test), "new")
        return (loop.test.body if half == "old" else loop.test.orelse), half
    return loop.test, ""


def _index_of(owner: ast.With | ast.AsyncWith, chain: Sequence[Step], node: ast.AST) -> int:
    inside = {id(n) for n, _ in chain} | {id(node)}
    return next((i for i, item in enumerate(owner.items) if id(item) in inside), 0)


def places(function: ast.AST, facts: Facts) -> list[Place]:
    """Give the places of a function in source order, each with its byte code copies.

    Raises:
        Refused: A suspension of the code has no place in the source.
    """
    found: dict[Span, Place] = {}
    twice: set[Span] = set()

    def add(node: ast.AST, place: Place) -> None:
        where = span(node)
        if where in found and found[where] is not place:
            twice.add(where)
        found.setdefault(where, place)

    def descend(node: ast.AST, chain: tuple[Step, ...]) -> None:
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.AST) or isinstance(child, SCOPES):
                    continue
                here = (*chain, (node, field))
                if isinstance(child, (*_SUSPENDS, *COMPREHENSIONS)):
                    place = Place(child, here, [])
                    add(child, place)
                    if isinstance(child, ast.AsyncWith):  # entering has the position of the item
                        for item in child.items:
                            add(item.context_expr, place)
                descend(child, here)

    for statement in getattr(function, "body", []):
        descend(ast.Module([statement], []), ())
    for place in set(found.values()):
        place.chain = tuple((n, f) for n, f in place.chain if not isinstance(n, ast.Module))
    for offset in facts.suspensions:
        at = facts.instructions[facts.at[offset]].positions
        where = (at.lineno, at.col_offset, at.end_lineno, at.end_col_offset) if at else None
        if where not in found:
            if offset in facts.stacks:
                raise Refused("an await has no position in the source")
            continue
        if where not in twice:  # `async with await f()`: neither await can be told from the other
            found[where].copies.append(offset)
    once = {id(p): p for p in found.values() if p.copies}
    return sorted(once.values(), key=lambda p: span(p.node)[:2])


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


def loop_image(loop: Loop, old: ast.AST, new: ast.AST, like: Likeness) -> Loop | None:
    """Give the loop of the edited function that is the image of `loop`, or None."""
    olds, news = loops_of(old), loops_of(new)
    pairs = align(olds, news, lambda a, b: max(like(a, b), 0.0))
    found = pairs.get(next(i for i, one in enumerate(olds) if one is loop))
    return None if found is None else news[found]


def functions_of(tree: ast.Module) -> dict[tuple[str, int], ast.AST | None]:
    """Give the functions of a module by (qualified name, first line, decorators included), as code objects have them.

    None stands where two functions share both: neither can be told from the other.
    """
    found: dict[tuple[str, int], ast.AST | None] = {}

    def descend(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                name = prefix + child.name
                first = min([child.lineno, *(d.lineno for d in child.decorator_list)])
                if isinstance(child, ast.ClassDef):
                    descend(child, f"{name}.")
                    continue
                found[name, first] = None if (name, first) in found else child
                descend(child, f"{name}.<locals>.")
            elif isinstance(child, ast.Lambda):
                name = f"{prefix}<lambda>"
                found[name, child.lineno] = None if (name, child.lineno) in found else child
                descend(child, f"{name}.<locals>.")
            else:
                descend(child, prefix)

    descend(tree, "")
    return found


def node_of(code: CodeType, functions: dict[tuple[str, int], ast.AST | None]) -> ast.AST | None:
    """Give the syntax of a code object's function; None when it has none of its own or cannot be told."""
    return functions.get((code.co_qualname, code.co_firstlineno))

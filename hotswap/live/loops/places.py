"""Where a function can be suspended, as places in its source.

Pure: syntax trees and code objects in, places out (docs/explanation/running-code.md, "The image of an await").
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
_FIRST: Final[dict[type[ast.AST], str]] = {
    ast.NamedExpr: "value",
    ast.Tuple: "elts",
    ast.List: "elts",
    ast.Set: "elts",
    ast.BinOp: "left",
    ast.BoolOp: "values",
    ast.UnaryOp: "operand",
    ast.Compare: "left",
    ast.Attribute: "value",
    ast.Subscript: "value",
    ast.IfExp: "test",
    ast.Call: "func",
    ast.JoinedStr: "values",
    ast.FormattedValue: "value",
}
"""Which part of an expression is evaluated first, before anything of it is put on the value stack."""

TURN: Final = "__hotswap_turn__"
"""Hidden local of a bridge (bridge.py): false once the turn in flight is over."""
GO: Final = "__hotswap_go__"
"""Hidden local of a bridge: true once the old loop has ended its last turn and the new statement takes over."""


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
    found = [node for node in own_nodes(function) if isinstance(node, LOOPS)]
    inner = {id(last_turn(node)) for node in found}
    return [node for node in found if id(node) not in inner]


def last_turn(loop: ast.AST) -> ast.While | None:
    """Give the ``while __turn`` in which a bridge lets a ``for`` end its last turn (`hand_over`), or None."""
    if isinstance(loop, (ast.For, ast.AsyncFor)) and isinstance(loop.body[-1], ast.Break):
        first = loop.body[0]
        if isinstance(first, ast.While) and is_turn(first.test):
            return first
    return None


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
        inner = {id(last_turn(node)) for node, _ in self.chain}
        return tuple(
            node
            for node, field in self.chain
            if id(node) not in inner
            and (
                (isinstance(node, LOOPS) and field == "body")
                or (isinstance(node, ast.While) and field == "test")
            )
        )

    @cached_property
    def statement(self) -> ast.stmt:
        """The outermost loop around it, or the statement that it is part of."""
        if self.loops:
            return self.loops[0]
        nodes = [n for n, _ in self.chain] + [self.node]
        return next(n for n in reversed(nodes) if isinstance(n, ast.stmt))

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
        return opaque_of(self.chain, self.node)

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
        """Nothing of the statement's own waits on the stack below the awaited value: `_landing` makes sure of it."""
        unit, node = self.unit, self.node
        if isinstance(node, COMPREHENSIONS):
            return False  # 3.12+ keeps its iterator and its result there
        if isinstance(unit, ast.stmt) and unit is not node:
            return isinstance(unit, _WHOLE) and _first_evaluated(unit.value) is node
        return _first_evaluated(unit) is node

    @cached_property
    def text(self) -> tuple[str, str]:
        """The unit and the await itself, comparable."""
        if self.unit is self.node and isinstance(self.node, ast.stmt):
            return ("", "")  # the statement's body is not evaluated with it
        return dump(self.unit), dump(self.node)

    @cached_property
    def halves(self) -> dict[int, str]:
        """Which half of a bridge's splices this place is in, by id of the splice's node.

        ``old`` and ``new``; ``go`` for the statement that an old loop hands over to.
        """
        found = {}
        for node, field in self.chain:
            if isinstance(node, (ast.If, ast.IfExp)) and is_turn(node.test) and field != "test":
                found[id(node)] = "old" if field == "body" else "new"
            elif isinstance(node, ast.While) and is_turn(node.test) and field == "body":
                found[id(node)] = "old"
            elif isinstance(node, ast.If) and is_go(node) and field == "body":
                found[id(node)] = "go"
        return found

    def same_half(self, other: Place) -> bool:
        """Tell whether one turn of the loop could pass both places."""
        if ("go" in self.halves.values()) != ("go" in other.halves.values()):
            return False
        return all(other.halves.get(node, half) == half for node, half in self.halves.items())


def is_go(node: ast.AST) -> bool:
    """Tell whether this holds what an old loop hands over to."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == GO


def _first_evaluated(node: ast.AST | None) -> ast.AST | None:
    """Give the innermost of the suspensions that are evaluated while nothing of `node` is on the value stack."""
    found = None
    while node is not None:
        if isinstance(node, _SUSPENDS):
            found = node
        first = _FIRST.get(type(node))
        value = getattr(node, first, None) if first else None
        node = (value[0] if value else None) if isinstance(value, list) else value
    return found


def is_turn(test: ast.AST) -> bool:
    """Tell whether this is the test of a bridge's splice."""
    return isinstance(test, ast.Name) and test.id == TURN


def turn_of(loop: Loop, halves: Mapping[int, str]) -> tuple[list[ast.stmt], str]:
    """Give the statements that one turn of `loop` is made of, and the half of the splice that they are, if any."""
    loop = last_turn(loop) or loop
    if len(loop.body) == 1:
        splice = loop.body[0]
        if isinstance(splice, ast.If) and is_turn(splice.test):
            half = halves.get(id(splice), "new")
            if (
                isinstance(loop, ast.While)
                and _ends_turn(splice.body)
                and test_of(loop, halves)[1] == "old"
            ):
                half = "old"  # parked in the old test, it has not come to its body
            part = splice.body if half == "old" else splice.orelse
            return part[1:] if _ends_turn(part) else part, half
    return (loop.body[1:] if _ends_turn(loop.body) else loop.body), ""


def test_of(loop: ast.While, halves: Mapping[int, str]) -> tuple[ast.expr, str]:
    """Give the test of a loop as one turn evaluates it, and the half of the splice that it is, if any."""
    if isinstance(loop.test, ast.IfExp) and is_turn(loop.test.test):
        half = halves.get(id(loop.test), "new")
        return (loop.test.body if half == "old" else loop.test.orelse), half
    return loop.test, ""


def _ends_turn(statements: Sequence[ast.stmt]) -> bool:
    """Tell whether a bridge put ``__turn = False`` before these statements."""
    return bool(statements) and sets_turn(statements[0])


def sets_turn(node: ast.AST) -> bool:
    """Tell whether this is a bridge's own ``__turn = False``."""
    return isinstance(node, ast.Assign) and is_turn(node.targets[0])


def opaque_of(chain: Sequence[Step], node: ast.AST | None = None) -> tuple[str, ...]:
    """Give the kinds of the constructs that keep something on the value stack, outermost first.

    Args:
        chain: What lies around.
        node: What it lies around, when that is not a statement.
    """
    kinds = []
    for parent, field in chain:
        if isinstance(parent, (ast.For, ast.AsyncFor)) and field == "body":
            kinds.append(type(parent).__name__)
        elif isinstance(parent, (ast.With, ast.AsyncWith)) and field == "body":
            kinds.append(f"{type(parent).__name__} {len(parent.items)}")
        elif isinstance(parent, (ast.With, ast.AsyncWith)):
            kinds.append(f"{type(parent).__name__} header {_index_of(parent, chain, node)}")
        elif isinstance(parent, ast.ExceptHandler):
            kinds.append("except")
        elif isinstance(parent, TRIES) and field == "finalbody":
            kinds.append("finally")
        elif isinstance(parent, COMPREHENSIONS):
            kinds.append("comprehension")
        elif isinstance(parent, ast.match_case) and field == "guard":
            kinds.append("guard")  # its subject waits; in a case's body nothing does
        elif isinstance(parent, ast.TryStar) and field == "handlers":
            kinds.append("except*")
    return tuple(kinds)


def way_to(statement: ast.stmt, function: ast.AST) -> list[Step]:
    """Give the ancestors of a statement, from the function inwards, each with the field that leads down to it."""
    for field, value in ast.iter_fields(function):
        for child in value if isinstance(value, list) else [value]:
            if child is statement:
                return [(function, field)]
            if isinstance(child, ast.AST) and not isinstance(child, SCOPES):
                further = way_to(statement, child)
                if further:
                    return [(function, field), *further]
    return []


def bound_in(expression: ast.AST) -> frozenset[str]:
    """Give the names that a walrus binds in an expression."""
    return frozenset(n.target.id for n in ast.walk(expression) if isinstance(n, ast.NamedExpr))


def _index_of(owner: ast.With | ast.AsyncWith, chain: Sequence[Step], node: ast.AST | None) -> int:
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

"""The bridge: the new function whose one loop also holds the OLD body, for the turn in flight.

``while T: NEW`` becomes ``while T: if __turn: OLD else: NEW``; for an await in the loop's test, ``while OLD_T if __turn
else NEW_T``. The frame is parked in the old copy with ``__turn`` already false. An ``if`` keeps nothing on the value
stack, so break, continue, return, else and exceptions need nothing; the handlers around the loop are the new ones.
Pure: trees in, a tree and its code out.
"""

from __future__ import annotations

import ast
import copy
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.bytecode import roomy
from hotswap.live.loops.model import Refused
from hotswap.live.loops.places import TURN, Function, Loop, functions_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ASIDE: Final = 200
"""Old nodes keep their lines and get other columns, or one position would stand for two places."""


def build(
    function: Function,
    loop: Loop,
    old: list[ast.stmt] | ast.expr,
    *,
    names: Iterable[str],
    shared: Iterable[str],
    shift: int,
) -> Function:
    """Build the bridge of `function` with the old copy of one loop.

    Args:
        function: The edited function.
        loop: The loop in it.
        old: What the frame's turn is made of: the old loop's body, or its test when the frame is parked in that.
        names: What has to be a local of the bridge: all the frame's, or those that the edit removed would be globals.
        shared: Which of them have to stay cells: closures hold them.
        shift: How many times `ASIDE` the old columns are moved; 0 for what an earlier bridge has moved already.

    Raises:
        Refused: The loop became another kind of loop.
    """
    memo: dict[int, Any] = {}
    bridge = copy.deepcopy(function, memo)
    inside: Loop = memo[id(loop)]
    place = {
        "lineno": inside.lineno,
        "col_offset": inside.col_offset,
        "end_lineno": inside.lineno,
        "end_col_offset": inside.col_offset,
    }
    turn = ast.Name(TURN, ast.Load(), **place)
    old = copy.deepcopy(old)
    for node in old if isinstance(old, list) else [old]:
        _move_aside(node, shift)
    if isinstance(old, list):
        inside.body = [ast.If(turn, old, inside.body, **place)]
    elif isinstance(inside, ast.While):
        inside.test = ast.IfExp(turn, old, inside.test, **place)
    else:
        raise Refused("the loop became another kind of loop")
    bridge.body.insert(0, _declarations((TURN, *names), shared, function.lineno))
    return bridge


def with_cells(function: Function, shared: Iterable[str]) -> Function:
    """Give the function with names kept as cells that it no longer shares with closures itself."""
    kept: Function = copy.copy(function)
    kept.body = [_declarations((), shared, function.lineno), *function.body]
    return kept


def _move_aside(node: ast.AST, times: int) -> None:
    for inner in ast.walk(node):
        if hasattr(inner, "col_offset"):
            moved: Any = inner
            moved.col_offset += ASIDE * times
            moved.end_col_offset += ASIDE * times


def _declarations(names: Iterable[str], shared: Iterable[str], line: int) -> ast.If:
    """Give dead code that makes names local, and cells; the compiler leaves nothing of it but that."""
    lines = [f"\n    {name} = None" for name in dict.fromkeys(names)]
    lines += [f"\n    (lambda: {name})" for name in shared]
    dead = ast.parse("if 0:" + "".join(lines)).body[0]
    if not isinstance(dead, ast.If):
        raise Refused("its names cannot be declared")
    for node in ast.walk(dead):
        if hasattr(node, "lineno"):
            placed: Any = node
            placed.lineno = placed.end_lineno = line
            placed.col_offset = placed.end_col_offset = 0
    return dead


def compile_in_place(
    bridge: Function, function: Function, module: ast.Module, filename: str, qualname: str
) -> CodeType:
    """Compile `bridge` where `function` stands in `module`, for its scopes, and give the bridge's code.

    Raises:
        Refused: It cannot be compiled there, or not be found again.
    """
    imports = (
        ast.Import,
        ast.ImportFrom,
    )  # __future__ among them; and the compiler looks at imported names
    rest = [s for s in module.body if isinstance(s, imports) or _holds(s, function)]
    swapped = _Swap(function, bridge).visit(ast.Module(rest, []))
    ast.fix_missing_locations(swapped)
    try:
        code = compile(swapped, filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise Refused(f"the turn in flight cannot be joined to the new body: {error}") from error
    first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
    found = [c for c in _codes(code) if c.co_qualname == qualname and c.co_firstlineno == first]
    if len(found) != 1 or functions_of(swapped).get((qualname, first)) is not bridge:
        raise Refused("the function cannot be told from another of its name")
    return roomy(found[0])


def _holds(statement: ast.stmt, function: ast.AST) -> bool:
    return any(node is function for node in ast.walk(statement))


class _Swap(ast.NodeTransformer):
    """Rebuilds the nodes on the way to `function`, never changing the tree it is given."""

    def __init__(self, function: Function, bridge: Function) -> None:
        self.function = function
        self.bridge = bridge

    def visit(self, node: ast.AST) -> Any:
        if node is self.function:
            return self.bridge
        if not any(n is self.function for n in ast.walk(node)):
            return node
        return self.generic_visit(_shallow(node))


def _shallow(node: ast.AST) -> ast.AST:
    fields = {
        name: list(value) if isinstance(value, list) else value
        for name, value in ast.iter_fields(node)
    }
    places = {name: getattr(node, name) for name in node._attributes if hasattr(node, name)}
    return type(node)(**fields, **places)


def _codes(code: CodeType) -> Iterable[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)

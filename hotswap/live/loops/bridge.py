"""The bridge: the new function that also holds the OLD body of one loop, for the turn in flight.

``while T: NEW`` becomes ``while T: if __turn: OLD else: NEW``; for an await in the loop's test, ``while OLD_T if __turn
else NEW_T``. The frame is parked in the old copy with ``__turn`` already false. An ``if`` keeps nothing on the value
stack, so break, continue, return, else and exceptions need nothing; the handlers around the loop are the new ones.
Where another kind of statement took the loop's place, the old turn stands before it (`hand_over`).
Pure: trees in, a tree and its code out.
"""

from __future__ import annotations

import ast
import copy
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.bytecode import roomy
from hotswap.live.loops.model import Refused
from hotswap.live.loops.places import GO, TURN, Function, Loop, functions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ASIDE: Final = 200
"""Old nodes keep their lines and get other columns, or one position would stand for two places."""


def splice(
    function: Function, loop: Loop, body: list[ast.stmt] | None, test: ast.expr | None, shift: int
) -> Function:
    """Give the function whose one loop also holds an old turn.

    Args:
        function: The edited function.
        loop: The loop in it.
        body: The old loop's body; None when the new one goes on from the old test.
        test: The old loop's test, when the frame is parked in that.
        shift: How many times `ASIDE` the old columns are moved; 0 for what an earlier bridge has moved already.

    Raises:
        Refused: The loop became another kind of loop.
    """
    made = _Made(function, loop, shift)
    inside: Loop = made.inside
    if body is not None:
        old = made.aside(body)
        if test is not None:  # the hidden local is still true when the test has been evaluated
            old.insert(0, made.assign(TURN, value=False))
        inside.body = [ast.If(made.name(TURN), old, inside.body, **made.place)]
    if test is not None:
        if not isinstance(inside, ast.While):
            raise Refused("the loop became another kind of loop")
        [aside] = made.aside([test])
        inside.test = ast.IfExp(made.name(TURN), aside, inside.test, **made.place)
    return made.function


def hand_over(
    function: Function,
    statement: ast.stmt,
    loop: Loop,
    part: tuple[list[ast.stmt], ast.expr | None],
    shift: int,
    *,
    header: bool,
    left: Sequence[ast.With | ast.AsyncWith] = (),
) -> Function:
    """Give the function in which the last turn of an old loop comes before the statement that takes the loop's place.

    ``while __turn: OLD BODY`` with ``else: __go = True``, and ``if __go: STATEMENT``: what breaks out of the old loop
    has left it, what ends its turn goes on to the new statement. A running iterator stays below on the value stack.

    Args:
        function: The edited function.
        statement: The statement of it that replaces the old loop.
        loop: The old loop.
        part: What one turn of it is made of: body and, when the frame is parked in it, test.
        shift: As for `splice`.
        header: The frame is parked before the turn's body: in the test, or in an ``async for`` itself.
        left: What the frame has entered and the new function does not: left after the turn. Outermost first.
    """
    made = _Made(function, statement, shift)
    body, test = part
    old = made.aside(body)
    if header:
        old.insert(0, made.assign(TURN, value=False))
    go: ast.stmt = made.assign(GO, value=True)
    over = made.aside(loop.orelse)
    turn: ast.stmt = ast.While(made.name(TURN), old, [go], **made.place)
    if test is not None:
        [aside] = made.aside([test])
        asked = ast.IfExp(
            made.name(TURN), aside, ast.Constant(value=False, **made.place), **made.place
        )
        ended = ast.If(made.name(TURN), over or [ast.Pass(**made.place)], [go], **made.place)
        turn = ast.While(asked, old, [ended], **made.place)
    elif isinstance(loop, (ast.For, ast.AsyncFor)):
        [target] = made.aside([loop.target])
        nothing = ast.Tuple([], ast.Load(), **made.place)
        inner = [turn, ast.Break(**made.place)]
        outer = type(loop)(
            target=target, iter=nothing, body=inner, orelse=over, **aside_of(loop, shift)
        )
        turn = outer
    for entered in reversed(left):
        items = [ast.withitem(ast.Tuple([], ast.Load(), **made.place)) for _ in entered.items]
        turn = type(entered)(items=items, body=[turn], **aside_of(entered, shift))
    made.put([turn, ast.If(made.name(GO), [made.inside], [], **made.place)])
    return made.function


def stands_in(node: ast.AST) -> bool:
    """Tell whether this is a ``for`` or ``with`` of `hand_over`, whose header no frame evaluates."""
    heads = [node.iter] if isinstance(node, (ast.For, ast.AsyncFor)) else []
    if isinstance(node, (ast.With, ast.AsyncWith)):
        heads = [item.context_expr for item in node.items]
    return any(isinstance(head, ast.Tuple) and not head.elts for head in heads)


def declared(function: Function, names: Iterable[str], shared: Iterable[str]) -> Function:
    """Give the bridge with all of the frame's names as its locals, or those that the edit removed would be globals.

    Args:
        function: The bridge.
        names: What has to be a local of it.
        shared: Which of them have to stay cells: closures hold them.
    """
    function.body.insert(0, _declarations((TURN, GO, *names), shared, function.lineno))
    return function


def aside_of(node: ast.AST, times: int) -> dict[str, Any]:
    """Give the position of an old node in a bridge."""
    old: Any = node
    return {
        "lineno": old.lineno,
        "col_offset": old.col_offset + ASIDE * times,
        "end_lineno": old.end_lineno,
        "end_col_offset": old.end_col_offset + ASIDE * times,
    }


class _Made:
    """A copy of a function, and the place in it where an old turn goes."""

    def __init__(self, function: Function, inside: ast.stmt, shift: int) -> None:
        memo: dict[int, Any] = {}
        self.function = copy.deepcopy(function, memo)
        self.inside: Any = memo[id(inside)]
        self.shift = shift
        at = self.inside
        self.place: dict[str, Any] = {
            "lineno": at.lineno,
            "col_offset": at.col_offset,
            "end_lineno": at.lineno,
            "end_col_offset": at.col_offset,
        }

    def name(self, name: str) -> ast.Name:
        return ast.Name(name, ast.Load(), **self.place)

    def assign(self, name: str, *, value: bool) -> ast.Assign:
        target = ast.Name(name, ast.Store(), **self.place)
        return ast.Assign([target], ast.Constant(value=value, **self.place), **self.place)

    def aside(self, nodes: Sequence[Any]) -> list[Any]:
        copies = copy.deepcopy(list(nodes))
        for node in copies:
            for inner in ast.walk(node):
                if hasattr(inner, "col_offset"):
                    moved: Any = inner
                    vars(moved).update(aside_of(moved, self.shift))
        return copies

    def put(self, statements: list[ast.stmt]) -> None:
        for node in ast.walk(self.function):
            for _, block in ast.iter_fields(node):
                if isinstance(block, list) and any(s is self.inside for s in block):
                    at = next(i for i, s in enumerate(block) if s is self.inside)
                    block[at : at + 1] = statements
                    return


def with_cells(function: Function, shared: Iterable[str]) -> Function:
    """Give the function with names kept as cells that it no longer shares with closures itself."""
    kept: Function = copy.copy(function)
    kept.body = [_declarations((), shared, function.lineno), *function.body]
    return kept


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
    # __future__ among them; and the compiler looks at imported names
    imports = (ast.Import, ast.ImportFrom)
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

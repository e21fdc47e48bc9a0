"""Code with the free variables a live function already has.

`__code__` accepts only as many free variables as the closure has cells, and checks neither names nor order (CPython
Objects/funcobject.c, func_set_code). A function that gained or lost one is compiled again so that it asks for exactly
those it has:

* lost: ``if 0: name`` keeps the name free and leaves no bytecode;
* gained `__class__` (it began to use `super()`): the class becomes a constant of the code.
"""

from __future__ import annotations

import ast
import warnings
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from hotswap.source.nodes import DEF, first_line, is_docstring

if TYPE_CHECKING:
    from hotswap.source.units import Text

FITTED: Final[dict[int, tuple[CodeType, CodeType]]] = {}
"""id(code) -> (code, the compile's code it stands for): codes made to fit a live function's free variables."""
CLASS: Final = "\0hotswap:__class__\0"
SUPER: Final = "\0hotswap:super\0"


class _ClassAsConstant(ast.NodeTransformer):
    """Replace `super()` and `__class__` by constants that `with_constants` fills in."""

    def __init__(self, first: str) -> None:
        self.first = first

    def visit_Call(self, node: ast.Call) -> ast.AST:
        bare = isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args
        self.generic_visit(node)
        if bare:
            node.args = [
                ast.copy_location(ast.Constant(CLASS), node),
                ast.copy_location(ast.Name(self.first, ast.Load()), node),
            ]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == "__class__":
            return ast.copy_location(ast.Constant(CLASS), node)
        if node.id == "super":
            return ast.copy_location(ast.Constant(SUPER), node)
        return node


def with_constants(code: CodeType, values: dict[str, Any]) -> CodeType:
    """Give `code` with marker strings among its constants replaced by any objects, nested codes included."""
    constants = tuple(
        with_constants(c, values)
        if isinstance(c, CodeType)
        else values.get(c, c)
        if isinstance(c, str)
        else c
        for c in code.co_consts
    )
    return code.replace(co_consts=constants)


def conforming(
    text: Text, code: CodeType, want: tuple[str, ...], owner: type | None
) -> CodeType | None:
    """Compile the function whose code is `code` so that its free variables are exactly `want`.

    Args:
        text: The new source.
        code: The function's code in the compile of `text`.
        want: The free variables that the live function has cells for, in order.
        owner: The class whose method it is, for a gained `__class__`.

    Returns:
        The code, or None when it cannot be done.
    """
    gained = set(code.co_freevars) - set(want)
    lost = set(want) - set(code.co_freevars)
    if gained - {"__class__"} or (gained and owner is None):
        return None
    tree = ast.parse(text.data, text.filename)
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, DEF)
        and node.name == code.co_name
        and first_line(node) == code.co_firstlineno
    ]
    if len(found) != 1:
        return None
    node = found[0]
    if gained:
        arguments = [*node.args.posonlyargs, *node.args.args]
        if not arguments:
            return None
        transformer = _ClassAsConstant(arguments[0].arg)
        node.body = [transformer.visit(s) for s in node.body]
    if lost:
        at = 1 if is_docstring(node.body[0]) else 0
        anchor = node.body[min(at, len(node.body) - 1)]
        uses: list[ast.stmt] = [ast.Expr(ast.Name(name, ast.Load())) for name in sorted(lost)]
        dead = ast.If(ast.Constant(0), uses, [])
        for inner in ast.walk(dead):
            ast.copy_location(inner, anchor)
        node.body.insert(at, dead)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = compile(tree, text.filename, "exec", dont_inherit=True)
    from hotswap.source.codes import walk

    matches = [
        c
        for c in walk(whole)
        if c.co_qualname == code.co_qualname and c.co_firstlineno == code.co_firstlineno
    ]
    if len(matches) != 1:
        return None
    made = matches[0]
    if gained:
        made = with_constants(made, {CLASS: owner, SUPER: super})
    return made if made.co_freevars == tuple(want) else None

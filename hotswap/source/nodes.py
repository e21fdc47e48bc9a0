"""What a node of the syntax tree is: a definition, a docstring, a chain of attributes; the names below it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

Def = ast.FunctionDef | ast.AsyncFunctionDef
DEF: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def dotted(node: ast.expr) -> str:
    """Give ``a.b.c`` of an attribute chain on a name, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def root(node: ast.AST) -> str:
    """Give the name at the bottom of a chain of attributes, subscripts and calls; else an empty string."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Await)):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.NamedExpr):
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) else ""


def without_docstring(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """Give a body without its docstring."""
    return body[1:] if body and is_docstring(body[0]) else body


def first_line(node: ast.stmt) -> int:
    """Give the line a statement begins at: that of its first decorator."""
    if isinstance(node, (*DEF, ast.ClassDef)) and node.decorator_list:
        return node.decorator_list[0].lineno
    return node.lineno


def is_docstring(node: ast.stmt) -> bool:
    """Say whether a statement is a bare string."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


class Names(ast.NodeVisitor):
    """All names loaded below a node, those in string annotations included."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        self.found.add(node.id)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and node.value.isidentifier():
            self.found.add(node.value)


def names_in(node: ast.AST) -> set[str]:
    """Give all names that occur below `node`."""
    finder = Names()
    finder.visit(node)
    return finder.found


def mangled(name: str, owner: str) -> str:
    """Give a private name as the compiler spells it inside class `owner` (Python/compile.c, _Py_Mangle)."""
    bare = owner.lstrip("_")
    if not bare or not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    return f"_{bare}{name}"


def parameters_of(arguments: ast.arguments) -> set[str]:
    """Give the names of all parameters."""
    return {node.arg for node in ast.walk(arguments) if isinstance(node, ast.arg)}


def defaults_of(arguments: ast.arguments) -> dict[str, ast.expr]:
    """Give the default expression of each parameter that has one."""
    positional = [*arguments.posonlyargs, *arguments.args]
    tail = positional[len(positional) - len(arguments.defaults) :]
    pairs = zip(
        [*tail, *arguments.kwonlyargs], [*arguments.defaults, *arguments.kw_defaults], strict=True
    )
    return {argument.arg: value for argument, value in pairs if value is not None}

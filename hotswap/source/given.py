"""What a function does with its parameters before it returns. Pure: a syntax tree in, calls out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
"""Their bodies run later, or hold definitions."""


def calls_of_given(node: ast.AST) -> list[tuple[str, bool]]:
    """Give ``(callee, handed)`` of the calls that a function makes with its parameters.

    ``handed`` False: it calls the parameter itself. Else it hands it on to `callee`, a plain name; methods keep what
    they are given (``handlers.append(f)``) and are left out.
    """
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    arguments = node.args
    given = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    given |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None}
    found = []
    for part in _at_once(node.body):
        if isinstance(part, ast.Assign) and _names(part.value) & given:
            given |= {n.id for t in part.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        elif (
            isinstance(part, (ast.For, ast.AsyncFor, ast.comprehension))
            and _names(part.iter) & given
        ):
            given |= {n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)}
    for part in _at_once(node.body):
        if not isinstance(part, ast.Call):
            continue
        if isinstance(part.func, ast.Name) and part.func.id in given:
            found.append((part.func.id, False))
        elif isinstance(part.func, ast.Subscript) and _names(part.func) & given:
            found.append((ast.unparse(part.func), False))
        elif isinstance(part.func, ast.Name):
            values = [*part.args, *(k.value for k in part.keywords)]
            if any(_names(value) & given for value in values):
                found.append((part.func.id, True))
    return found


def _at_once(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Give what runs when the function runs, in the order of the text."""
    for statement in body:
        yield from _walk(statement)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, LATER):
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _names(node: ast.AST) -> set[str]:
    """Give the names that an expression passes on as they are: not what it makes of them by a call."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(
        node,
        (ast.List, ast.Tuple, ast.Set, ast.Starred, ast.Subscript, ast.Dict, ast.IfExp, ast.BoolOp),
    ):
        return {name for child in ast.iter_child_nodes(node) for name in _names(child)}
    return set()

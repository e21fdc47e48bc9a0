"""Names of a module that statements spell as strings: ``globals()["X"] = 1``."""

from __future__ import annotations

import ast

from hotswap.source.nodes import dotted


def own_name(node: ast.expr) -> str:
    """Give the name that ``globals()["X"]`` or ``sys.modules[__name__].X`` means in the module; ``""`` for all else."""
    if isinstance(node, ast.Subscript) and _is_namespace(node.value):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    return node.attr if isinstance(node, ast.Attribute) and _is_module(node.value) else ""


def names_set(node: ast.expr) -> dict[str, ast.expr]:
    """Give what ``globals().update(X=1)`` or ``setattr(sys.modules[__name__], "X", 1)`` sets."""
    if not isinstance(node, ast.Call):
        return {}
    function, given = node.func, node.args
    if isinstance(function, ast.Name) and function.id == "setattr" and len(given) == 3:
        name = given[1]
        if _is_module(given[0]) and isinstance(name, ast.Constant) and isinstance(name.value, str):
            return {name.value: given[2]}
    if isinstance(function, ast.Attribute) and function.attr == "update" and not given:
        if _is_namespace(function.value) and all(each.arg for each in node.keywords):
            return {str(each.arg): each.value for each in node.keywords}
    return {}


def _is_namespace(node: ast.expr) -> bool:
    """``globals()``, and what is the same at the top of a module."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("globals", "vars", "locals")
        and not node.args
    )


def _is_module(node: ast.expr) -> bool:
    """``sys.modules[__name__]``."""
    return (
        isinstance(node, ast.Subscript)
        and dotted(node.value) == "sys.modules"
        and isinstance(node.slice, ast.Name)
        and node.slice.id == "__name__"
    )

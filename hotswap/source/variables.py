"""Environment variables that statements set: ``os.environ["A"] = "1"``, ``os.environ.setdefault("A", "1")``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap.source.nodes import DEF, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRON: Final = frozenset({"environ", "os.environ"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable that a statement sets."""

    name: str
    value: str | None
    """None: it is not written down."""
    yields: bool
    """What was set before stays (`setdefault`)."""


def settings_in(node: ast.stmt) -> list[Setting]:
    """Give the variables that a statement sets when it runs, blocks and loops over spelled-out names included."""
    return list(_settings(node, {}))


def _settings(node: ast.AST, loops: dict[str, ast.expr]) -> Iterator[Setting]:
    if isinstance(node, (*DEF, ast.ClassDef, ast.Lambda)):
        return
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and dotted(target.value) in ENVIRON:
                for name in _names(target.slice, loops):
                    yield Setting(name, _text(node.value), yields=False)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from _of_call(node.value, loops)
    elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
        loops = loops | {node.target.id: node.iter}
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _settings(child, loops)


def _of_call(node: ast.Call, loops: dict[str, ast.expr]) -> Iterator[Setting]:
    holder, _, method = dotted(node.func).rpartition(".")
    if holder not in ENVIRON:
        return
    if method == "setdefault" and len(node.args) == 2:
        for name in _names(node.args[0], loops):
            yield Setting(name, _text(node.args[1]), yields=True)
    elif method == "update":
        for keyword in node.keywords:
            if keyword.arg is not None:
                yield Setting(keyword.arg, _text(keyword.value), yields=False)
        for argument in node.args:
            if isinstance(argument, ast.Dict):
                for key, value in zip(argument.keys, argument.values, strict=True):
                    for name in _names(key, loops) if key is not None else ():
                        yield Setting(name, _text(value), yields=False)


def _names(node: ast.expr, loops: dict[str, ast.expr]) -> list[str]:
    if isinstance(node, ast.Name) and node.id in loops:
        over = loops[node.id]
        found = over.elts if isinstance(over, (ast.List, ast.Tuple, ast.Set)) else []
        return [name for name in map(_text, found) if name is not None]
    text = _text(node)
    return [text] if text is not None else []


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

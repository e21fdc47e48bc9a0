"""What calling a function does to the module: the globals that its body mutates, the global names it calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hotswap.source import effects
from hotswap.source.nodes import root

if TYPE_CHECKING:
    from hotswap.source.nodes import Def

MUTATORS: Final = frozenset(
    [
        "add",
        "add_argument",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "register",
        "remove",
        "setdefault",
        "sort",
        "subscribe",
        "update",
    ]
)
"""Methods that change the object they are called on, or keep what they are given."""


class BodyEffects(ast.NodeVisitor):
    """Which globals a function's body mutates, and which global names it calls."""

    def __init__(self, node: Def) -> None:
        self.mutates: set[str] = set()
        self.calls: set[str] = set()
        self.methods: set[tuple[str, str]] = set()
        """``(root, method)`` of methods called, on globals and parameters."""
        self.irrevocable = ""
        self._globals: set[str] = set()
        self._locals = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global):
                self._globals.update(inner.names)
            elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self._locals.add(inner.id)
        for statement in node.body:
            self.visit(statement)
        first = next((a.arg for a in (*node.args.posonlyargs, *node.args.args)), "")
        self.changes_first = first in self.mutates
        """It changes what its first parameter is: a method, its instance."""
        self.calls_on_first = {method for on, method in self.methods if on == first}
        self.mutates -= self._locals - self._globals
        self.calls -= self._locals - self._globals

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._store(target)
        self.visit(node.value)

    def _store(self, target: ast.expr) -> None:
        if isinstance(target, (ast.Subscript, ast.Attribute)):
            self.mutates.add(root(target))
        elif isinstance(target, ast.Name) and target.id in self._globals:
            self.mutates.add(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._store(element)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        name = root(node.target)
        if not isinstance(node.target, ast.Name) or name in self._globals:
            self.mutates.add(name)
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = root(node.func)
        if isinstance(node.func, ast.Attribute):
            self.methods.add((name, node.func.attr))
            if node.func.attr in MUTATORS:
                self.mutates.add(name)
        elif isinstance(node.func, ast.Name):
            self.calls.add(name)
            if name in ("setattr", "delattr") and node.args:
                self.mutates.add(root(node.args[0]))
        effect, _ = effects.of_call(node, statement=False, origins={})
        self.irrevocable = self.irrevocable or effect
        self.generic_visit(node)

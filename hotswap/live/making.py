"""What a function does while it makes an app: its own statements, not the bodies of the endpoints nested in it.

Pure: syntax trees in, fingerprints and names out. An endpoint's body runs later, and new bodies are put into live
functions anyway; its signature, docstring and decorators are read while the app is made.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from hotswap.source import effects
from hotswap.source.nodes import is_docstring
from hotswap.source.wiring import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Function = ast.FunctionDef | ast.AsyncFunctionDef

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PURE = frozenset(
    {"wraps", "contextmanager", "asynccontextmanager", "staticmethod", "classmethod", "property"}
)


@lru_cache(maxsize=4)
def parsed(data: bytes) -> ast.Module:
    """Parse a source; the new one of this swap is the old one of the next."""
    return ast.parse(data)


def found(tree: ast.Module, qualname: str) -> ast.stmt | None:
    """Give the last definition in `tree` with this qualified name (``Server.__init__``, ``make.<locals>.inner``)."""
    body: Sequence[ast.stmt] = tree.body
    hit: ast.stmt | None = None
    for part in qualname.split("."):
        if part == "<locals>":
            continue
        hit = None
        for node in _flat(body):
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name == part:
                hit = node
        if hit is None:
            return None
        body = hit.body if isinstance(hit, (*FUNCTIONS, ast.ClassDef)) else ()
    return hit


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Give statements and those in the blocks among them, but not in definitions."""
    for node in body:
        yield node
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _flat(getattr(node, field, ()))
        for handler in getattr(node, "handlers", ()):
            yield from _flat(handler.body)


Name = tuple[str, str]
"""``(name, attribute or "")``."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What code does with the names it reads."""

    called: frozenset[Name]
    """Called, or used in a way that may end in a call."""
    handed: frozenset[tuple[Name, Name]]
    """``(what, callee)``: only an argument of that call, as in ``FastAPI(lifespan=lifespan)``."""


@dataclass(frozen=True, slots=True)
class Making:
    """What one function, or class body, does by itself when an app is made."""

    text: str
    """Fingerprint of all that; equal means that making has not changed."""
    names: frozenset[Name]
    """What it reads: ``("create_db", "")``, ``("settings", "TITLE")``."""
    uses: Uses
    """Which of those may run meanwhile, and which it only hands on."""
    own: frozenset[str]
    """Attributes of its first argument that it uses: methods of ``self``."""
    first: str
    """That argument's name; ``""`` when there is none."""
    effect: str
    """What it does that nothing can take back, with the line; or ``""``."""


def making(node: ast.stmt) -> Making:
    """Say what a definition does while an app is made."""
    hollow = _Hollow(_called(node))
    shape = hollow.visit(copy.deepcopy(node))
    if isinstance(shape, FUNCTIONS):
        shape.decorator_list = []
        if shape.body and is_docstring(shape.body[0]):
            shape.body = shape.body[1:] or [ast.Pass()]
    first = _first_argument(node)
    uses = uses_in(shape)
    names = uses.called | {what for what, _ in uses.handed}
    own = frozenset(attribute for name, attribute in names if attribute and name == first)
    return Making(ast.dump(shape), names, uses, own, first, _effect(shape))


def uses_in(tree: ast.AST) -> Uses:
    """Say what code does with each name it reads: may it run, or is it handed on to be kept?"""
    reader = _Uses()
    reader.visit(tree)
    called = frozenset(reader.called)
    return Uses(called, frozenset(pair for pair in reader.handed if pair[0] not in called))


class _Uses(ast.NodeVisitor):
    def __init__(self) -> None:
        self.called: set[Name] = set()
        self.handed: set[tuple[Name, Name]] = set()

    def visit_Call(self, node: ast.Call) -> None:
        """Arguments that are plain names are handed on; all else in a call runs."""
        self.visit(node.func)
        callee = _name(node.func) or ("", "")
        for argument in (*node.args, *(k.value for k in node.keywords)):
            self._argument(argument, callee)

    def _argument(self, node: ast.expr, callee: Name) -> None:
        name = _name(node)
        if name is not None:
            self.handed.add((name, callee))
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            for part in node.elts:
                self._argument(part, callee)
        elif isinstance(node, ast.Dict):
            for part in (*filter(None, node.keys), *node.values):
                self._argument(part, callee)
        else:
            self.visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``settings.TITLE`` is one name."""
        name = _name(node)
        if name is not None:
            self.called.add(name)
        else:
            self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        """A name that is read outside an argument may be called in the end."""
        if isinstance(node.ctx, ast.Load):
            self.called.add((node.id, ""))


def _name(node: ast.expr) -> Name | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id, node.attr
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id, ""
    return None


def declared(node: ast.stmt) -> str:
    """Give a fingerprint of what can be seen of a definition without calling it: all but its body."""
    shape = copy.copy(node)
    if isinstance(shape, (*FUNCTIONS, ast.ClassDef)):
        shape.body = [part for part in shape.body[:1] if is_docstring(part)]
    return f"{ast.dump(shape)} {_yields(node)}"


def _yields(node: ast.AST) -> bool:
    return any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node))


def _first_argument(node: ast.stmt) -> str:
    if isinstance(node, FUNCTIONS):
        arguments = [*node.args.posonlyargs, *node.args.args]
        return arguments[0].arg if arguments else ""
    return ""


def _called(node: ast.stmt) -> set[str]:
    """Give the names that are called, or used as decorators, in a definition: nested helpers run while it does."""
    called: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            called.add(part.func.id)
        for decorator in getattr(part, "decorator_list", ()):
            if isinstance(decorator, ast.Name):
                called.add(decorator.id)
    return called


class _Hollow(ast.NodeTransformer):
    """Empties what does not run while the app is made."""

    def __init__(self, called: set[str]) -> None:
        self.called = called
        self.depth = 0

    def _function(self, node: Function) -> Function:
        if self.depth and not self._runs(node):
            yields = _yields(node)
            kept: list[ast.stmt] = [n for n in node.body[:1] if is_docstring(n)]
            if yields:
                kept.append(ast.Expr(ast.Yield(None)))
            node.body = kept or [ast.Pass()]
            return node
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def _runs(self, node: Function) -> bool:
        """Say whether a nested function runs while the app is made: it is called by name, or decorates."""
        registered = any(last_name(d) not in PURE for d in node.decorator_list)
        return node.name in self.called and not registered

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Keep what runs while the app is made."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Keep what runs while the app is made."""
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """A nested class's body runs, its methods do not."""
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """A lambda runs later."""
        node.body = ast.Constant(None)
        return node


def _effect(shape: ast.AST) -> str:
    """Give the first thing in a making that cannot be taken back."""
    alone = {id(n.value) for n in ast.walk(shape) if isinstance(n, ast.Expr)}
    for part in ast.walk(shape):
        if isinstance(part, ast.Call):
            what, _ = effects.of_call(part, statement=id(part) in alone, origins={})
            if what:
                return f"{what} (line {part.lineno})"
    return ""


# What a making binds: which locals, and attributes of self, are the same state as before.


def changed_bindings(old: ast.stmt, new: ast.stmt, dirty: frozenset[str]) -> frozenset[str]:
    """Give the locals and ``self.x`` that a making binds otherwise than before, or from something that changed.

    Args:
        dirty: Names from outside whose value changed.
    """
    before, after = _bindings(old), _bindings(new)
    touched = {
        name
        for name in after
        if [ast.dump(n) for n in after[name]] != [ast.dump(n) for n in before.get(name, ())]
    }
    grown = True
    while grown:
        grown = False
        for name, nodes in after.items():
            if name not in touched and any(_reads(n) & (touched | dirty) for n in nodes):
                touched.add(name)
                grown = True
    return frozenset(touched)


def _bindings(node: ast.stmt) -> dict[str, list[ast.AST]]:
    """Give, for each local and ``self.x``, what binds it, in order."""
    bound: dict[str, list[ast.AST]] = {}
    first = _first_argument(node)
    body = node.body if isinstance(node, (*FUNCTIONS, ast.ClassDef)) else []
    for statement in _flat(body):
        targets: list[ast.expr] = []
        value: ast.AST = statement
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            if statement.value is None:
                continue
            targets, value = [statement.target], statement.value
        elif isinstance(statement, (ast.For, ast.AsyncFor)):
            targets, value = [statement.target], statement.iter
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            targets = [i.optional_vars for i in statement.items if i.optional_vars is not None]
            value = statement.items[0].context_expr
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    bound.setdefault(part.id, []).append(value)
                elif (
                    isinstance(part, ast.Attribute)
                    and isinstance(part.ctx, ast.Store)
                    and isinstance(part.value, ast.Name)
                    and part.value.id == first
                ):
                    bound.setdefault(f"self.{part.attr}", []).append(value)
    return bound


def _reads(node: ast.AST) -> set[str]:
    """Give the names an expression reads, and ``self.x`` too."""
    found_names: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found_names.add(part.id)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            found_names.add(f"self.{part.attr}")
    return found_names


def rebound(node: ast.stmt, name: str) -> bool:
    """Say whether a function nested in a making assigns one of its locals: a counter is state."""
    return any(isinstance(part, ast.Nonlocal) and name in part.names for part in ast.walk(node))

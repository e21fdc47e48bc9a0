"""What one statement binds, reads, calls and mutates when it runs.

Reads are those of running the statement, not of calling what it defines: decorators, defaults, bases, class bodies,
comprehensions, and annotations where they are evaluated (not under PEP 563, nor from 3.14 on, PEP 649).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hotswap.source import effects
from hotswap.source.nodes import Def, Names, dotted, root
from hotswap.source.spelled import names_set, own_name

if TYPE_CHECKING:
    from collections.abc import Iterable

CALLING_BACK: Final = frozenset(
    [
        "sorted",
        "map",
        "filter",
        "min",
        "max",
        "sum",
        "any",
        "all",
        "list",
        "tuple",
        "set",
        "frozenset",
        "dict",
        "next",
        "reduce",
        "accumulate",
    ]
)
"""Callables that call a lambda among their arguments at once."""

PURE_DECORATORS: Final = frozenset(
    [
        "abstractmethod",
        "asynccontextmanager",
        "cache",
        "cached_property",
        "classmethod",
        "contextmanager",
        "coroutine",
        "dataclass",
        "deleter",
        "dispatch",
        "field_serializer",
        "field_validator",
        "final",
        "getter",
        "lru_cache",
        "model_serializer",
        "model_validator",
        "no_type_check",
        "overload",
        "override",
        "property",
        "root_validator",
        "runtime_checkable",
        "setter",
        "staticmethod",
        "total_ordering",
        "validator",
        "wraps",
    ]
)
"""Decorators, by last name, that register their function nowhere and copy no docstring out of reach."""


class Scan(ast.NodeVisitor):
    """Collects the facts; `future` says that annotations are not evaluated."""

    def __init__(self, *, future: bool, origins: dict[str, str] | None = None) -> None:
        self.future = future
        self.origins = origins if origins is not None else {}
        self.binds: dict[str, None] = {}
        self.reads: set[str] = set()
        self.soft: set[str] = set()
        """Names in annotations that are not evaluated."""
        self.chains: set[tuple[str, ...]] = set()
        """Attribute chains on a name that are read: ``("pkg", "mod", "LIMIT")``."""
        self.calls: set[str] = set()
        """Names that are called."""
        self.handed: set[tuple[str, str]] = set()
        """``(callee, name)`` of names handed to a call: it may call them."""
        self.called_chains: set[tuple[str, ...]] = set()
        self.methods: set[tuple[str, str]] = set()
        """``(root name, method)`` of calls of methods."""
        self.mutates: set[str] = set()
        """Roots whose object the statement may change."""
        self.hard: set[str] = set()
        """Those that it changes as a statement of its own: ``X.append(1)``, ``X += [1]``, ``del X[0]``."""
        self.assigns: set[tuple[str, str]] = set()
        """``(root, attribute or "")``: attributes and items set on an object."""
        self.deletes: set[str] = set()
        self.irrevocable = ""
        self.overwrites = False
        self.reads_self = False
        """A name is read before the same statement binds it: ``x = x + 1``."""
        self.comprehends = False
        self.decorators: set[str] = set()
        self.registering: set[str] = set()
        """Of a class: roots of decorators in its body that may register a method, ``@router.get("/")``."""
        self.decorated_by: set[str] = set()
        """Decorators that are a bare name, or a call of one."""

    # -- names -----------------------------------------------------------------------------------------------------
    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)
        else:
            self.binds[node.id] = None

    def visit_Subscript(self, node: ast.Subscript) -> None:
        spelled = own_name(node)
        if spelled:
            self.reads.add(spelled)
        else:
            self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        spelled = own_name(node)
        if spelled:
            self.reads.add(spelled)
            return
        chain = dotted(node)
        if chain and isinstance(node.ctx, ast.Load):
            self.chains.add(tuple(chain.split(".")))
        self.generic_visit(node)

    # -- definitions -----------------------------------------------------------------------------------------------
    def _annotation(self, node: ast.expr | None) -> None:
        if node is None:
            return
        if not self.future:
            self.visit(node)
        inner = Names()
        inner.visit(node)
        self.soft |= inner.found

    def _arguments(self, node: ast.arguments, *, annotated: bool = True) -> None:
        for default in [*node.defaults, *(k for k in node.kw_defaults if k is not None)]:
            self.visit(default)
        if annotated:
            extra = [a for a in (node.vararg, node.kwarg) if a is not None]
            for argument in [*node.posonlyargs, *node.args, *node.kwonlyargs, *extra]:
                self._annotation(argument.annotation)

    def _decorators(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            self.visit(node)
            name = root(node)
            if not name:
                continue
            self.calls.add(name)
            self.decorators.add(name)
            function = node.func if isinstance(node, ast.Call) else node
            chain = dotted(function)
            if "." in chain:
                self.called_chains.add(tuple(chain.split(".")))
            if isinstance(function, ast.Name):
                self.decorated_by.add(name)
            if isinstance(function, ast.Attribute):
                self.methods.add((name, function.attr))
                if function.attr not in PURE_DECORATORS:
                    self.mutates.add(name)
            probe = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
            self._effect(probe, statement=False)

    def _function(self, node: Def) -> None:
        self._decorators(node.decorator_list)
        self._arguments(node.args)
        self._annotation(node.returns)
        self.binds[node.name] = None

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args, annotated=False)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._decorators(node.decorator_list)
        for base in node.bases:
            self.visit(base)
        for keyword in node.keywords:
            self.visit(keyword.value)
        body = Scan(future=self.future, origins=self.origins)
        early: set[str] = set()
        for statement in node.body:
            bound = set(body.binds)
            before = set(body.reads)
            body.reads = set()
            body.visit(statement)
            early |= {n for n in body.reads if n not in bound}
            body.reads |= before
        self._absorb(body, early)
        self.binds[node.name] = None

    def _absorb(self, inner: Scan, reads: set[str]) -> None:
        bound = inner.binds
        self.reads |= reads
        self.soft |= inner.soft
        registering = (inner.decorators & inner.mutates) | inner.registering
        self.registering |= {n for n in registering if n not in bound}
        self.calls |= {n for n in inner.calls if n not in bound}
        self.handed |= {h for h in inner.handed if h[1] not in bound}
        self.methods |= {m for m in inner.methods if m[0] not in bound}
        self.chains |= {c for c in inner.chains if c[0] not in bound}
        self.called_chains |= {c for c in inner.called_chains if c[0] not in bound}
        self.mutates |= {n for n in inner.mutates if n not in bound}
        self.irrevocable = self.irrevocable or inner.irrevocable

    def visit_TypeAlias(self, node: ast.AST) -> None:
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            self.binds[name.id] = None
        inner = Names()
        value = getattr(node, "value", None)
        if value is not None:
            inner.visit(value)
        self.soft |= inner.found

    # -- imports and assignments -----------------------------------------------------------------------------------
    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.binds[alias.asname or alias.name.split(".")[0]] = None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self.binds[alias.asname or alias.name] = None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target)

    def _target(self, node: ast.expr) -> None:
        spelled = own_name(node)
        if spelled:
            self.binds[spelled] = None
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            name = root(node)
            self.visit(node.value)
            if isinstance(node, ast.Subscript):
                self.visit(node.slice)
            if name:
                self.mutates.add(name)
                attribute = ""
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    attribute = node.attr
                self.assigns.add((name, attribute))
        elif isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self._target(element)
        elif isinstance(node, ast.Starred):
            self._target(node.value)
        else:
            self.visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._target(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        name = root(node.target)
        if name:
            self.reads.add(name)
            self.mutates.add(name)
            self.hard.add(name)
            if isinstance(node.target, ast.Name):
                self.binds[name] = None
                self.reads_self = True

    def visit_Delete(self, node: ast.Delete) -> None:
        targets = list(node.targets)
        for target in targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                targets += target.elts  # the loop comes to them
                continue
            spelled = target.id if isinstance(target, ast.Name) else own_name(target)
            if spelled:
                self.deletes.add(spelled)
                continue
            name = root(target)
            if name:
                self.reads.add(name)
                self.mutates.add(name)
                self.hard.add(name)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        for statement in node.body:
            self.visit(statement)

    # -- expressions -----------------------------------------------------------------------------------------------
    def _comprehension(self, node: ast.AST) -> None:
        self.comprehends = True
        inner = Scan(future=self.future, origins=self.origins)
        inner.generic_visit(node)
        walrus = {
            n.target.id
            for n in ast.walk(node)
            if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)
        }
        self._absorb(inner, {n for n in inner.reads if n not in inner.binds})
        for name in walrus:
            self.binds[name] = None

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    def _effect(self, node: ast.Call, *, statement: bool) -> None:
        effect, overwrites = effects.of_call(node, statement=statement, origins=self.origins)
        if effect and not self.irrevocable:
            self.irrevocable, self.overwrites = effect, overwrites

    def visit_Call(self, node: ast.Call) -> None:
        self._effect(node, statement=False)
        name = root(node.func)
        if name:
            if isinstance(node.func, ast.Name):
                self.calls.add(name)
            elif isinstance(node.func, ast.Attribute):
                self.methods.add((name, node.func.attr))
                chain = dotted(node.func)
                if chain:
                    self.called_chains.add(tuple(chain.split(".")))
                inner = node.func.value
                if isinstance(inner, ast.Call):
                    self.calls.add(name)
            else:
                self.calls.add(name)
        back = isinstance(node.func, ast.Name) and node.func.id in CALLING_BACK
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            if isinstance(argument, ast.Name):
                self.handed.add((dotted(node.func) or name, argument.id))
            elif isinstance(argument, ast.Lambda) and back:
                inner_names = Names()
                inner_names.visit(argument.body)
                own = {a.arg for a in ast.walk(argument.args) if isinstance(a, ast.arg)}
                self.reads |= inner_names.found - own
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        spelled = names_set(value)
        if spelled and isinstance(value, ast.Call):
            for name, inner in spelled.items():
                self.visit(inner)
                self.binds[name] = None
            return
        if isinstance(value, ast.Call):
            self._effect(value, statement=True)
            name = root(value.func)
            if name and isinstance(value.func, (ast.Attribute, ast.Call, ast.Subscript)):
                self.mutates.add(name)
                if not isinstance(value.func, ast.Call):
                    self.hard.add(name)
            if isinstance(value.func, ast.Name) and value.func.id in ("setattr", "delattr"):
                self._set_attribute(value)
            for argument in [*value.args, *(k.value for k in value.keywords)]:
                if isinstance(argument, ast.Name):
                    self.mutates.add(argument.id)
        self.visit(node.value)

    def _set_attribute(self, node: ast.Call) -> None:
        if node.args and isinstance(node.args[0], ast.Name):
            name = node.args[0].id
            constant = node.args[1] if len(node.args) > 1 else None
            attribute = constant.value if isinstance(constant, ast.Constant) else ""
            self.assigns.add((name, attribute if isinstance(attribute, str) else ""))

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._target(node.target)
        for statement in [*node.body, *node.orelse]:
            self.visit(statement)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._target(item.optional_vars)
        for statement in node.body:
            self.visit(statement)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.binds[node.name] = None
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.binds[node.name] = None

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.binds[node.rest] = None
        self.generic_visit(node)

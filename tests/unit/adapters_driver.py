"""A small engine for the adapters' own tests: one module, statement by statement, as base.py's protocol says."""

from __future__ import annotations

import ast
import itertools
import sys
import types
from typing import TYPE_CHECKING, Any

from hotswap.live import adapters
from hotswap.live.adapters.base import Ran
from hotswap.live.adapters.identity import stand_in
from hotswap.live.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable

_numbers = itertools.count()


def fresh(source: str, name: str = "") -> types.ModuleType:
    """Give a new module made of `source`."""
    module = types.ModuleType(name or f"driven_{next(_numbers)}")
    sys.modules[module.__name__] = module
    exec(compile(source, f"<{module.__name__}>", "exec"), module.__dict__)
    return module


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _below(node: ast.AST) -> str:
    """Give the attribute right below the root name."""
    found = ""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            found = node.attr
        node = node.func if isinstance(node, ast.Call) else node.value
    return found


def binds(unit: ast.stmt) -> set[str]:
    """Give the names that a statement binds."""
    if isinstance(unit, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {unit.name}
    if isinstance(unit, ast.Assign):
        return {t.id for t in unit.targets if isinstance(t, ast.Name)}
    if isinstance(unit, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).split(".")[0] for a in unit.names}
    return set()


def fills(unit: ast.stmt, name: str, state: Iterable[str]) -> bool:
    """Say whether a statement is a filler of the registry called `name`."""
    if (
        isinstance(unit, ast.Expr)
        and isinstance(unit.value, ast.Call)
        and _root(unit.value) != name
    ):
        return False  # app.include_router(name): fills app
    if isinstance(unit, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return any(_root(d) == name for d in unit.decorator_list)
    if isinstance(unit, ast.Assign):
        return any(
            not isinstance(t, ast.Name) and _root(t) == name and _below(t) not in state
            for t in unit.targets
        )
    if isinstance(unit, (ast.Expr, ast.For, ast.With)):
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(unit)) and (
            not isinstance(unit, ast.Expr)
            or _below(unit.value) not in state
            or _root(unit.value) != name
        )
    return False


class Driven:
    """One live module whose source is edited."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.module = fresh(source)
        self.rebuilt: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return self.module.__dict__[name]

    def edit(self, source: str) -> None:
        """Put `source` into the live module; whatever raises leaves everything as it was."""
        journal = Journal()
        own = self.module.__dict__
        before = dict(own)
        journal.undo(lambda: (own.clear(), own.update(before)))
        self.rebuilt = set()
        try:
            self._swap(source, journal)
        except BaseException:
            journal.roll_back()
            raise
        journal.commit()
        self.source = source

    def _swap(self, source: str, journal: Journal) -> None:
        own = self.module.__dict__
        name = self.module.__name__
        old, new = ast.parse(self.source).body, ast.parse(source).body
        was = [ast.dump(u) for u in old]
        now = [ast.dump(u) for u in new]
        run = {i for i, text in enumerate(now) if text not in was}
        gone = [u for u, text in zip(old, was, strict=True) if text not in now]
        bound = set().union(*map(binds, new))
        removed = {b for u in gone for b in binds(u) if b not in bound}
        registries = {
            n: (adapter, own[n])
            for u in [*old, *new]
            for n in binds(u)
            if n in own
            and (adapter := adapters.owner(own[n], adapters.active())) is not None
            and not isinstance(u, (ast.Import, ast.ImportFrom))
        }
        plans = []
        for n, (adapter, obj) in registries.items():
            fillers = [(i, u) for i, u in enumerate(new) if fills(u, n, adapter.state)]
            order = [getattr(u, "name", "") for _, u in fillers]
            moved = [now[i] for i, _ in fillers if now[i] in was] != [
                text
                for u, text in zip(old, was, strict=True)
                if fills(u, n, adapter.state) and text in now
            ]
            ran = {u.name for i, u in fillers if i in run and getattr(u, "name", "")}
            lost = [u for u in gone if fills(u, n, adapter.state)]
            left = {u.name for u in lost if getattr(u, "name", "")} - set(order)
            loose = (
                (moved and "" in order)
                or any(i in run for i, u in fillers if not getattr(u, "name", ""))
                or any(not getattr(u, "name", "") for u in lost)
            )
            binder = any(i in run and n in binds(u) for i, u in enumerate(new))
            if not (ran or lost or loose or binder or moved):
                continue
            token = adapter.checkpoint(obj, journal)
            what = Ran(name, ran, left, order, replayed=False)
            if loose or binder or not adapter.in_place(obj, token, what):
                self.rebuilt.add(n)
                run |= {i for i, _ in fillers}
                run |= {i for i, u in enumerate(new) if n in binds(u)}
                what = Ran(name, set(filter(None, order)), left, order, replayed=True)
            plans.append((n, adapter, obj, token, what))
        for b in removed:
            del own[b]
        for i in sorted(run):
            self._run(new[i], plans, journal)
        for _, adapter, obj, token, what in plans:
            adapter.settle(obj, token, what)

    def _run(self, unit: ast.stmt, plans: list[Any], journal: Journal) -> None:
        own = self.module.__dict__
        kept = {n: own[n] for n in binds(unit) if n in own}
        code = compile(ast.Module([unit], []), f"<{self.module.__name__}>", "exec")
        exec(code, own)
        for n, old in kept.items():
            new = own[n]
            if new is old:
                continue
            plan = next((p for p in plans if p[0] == n), None)
            if plan is not None:
                plan[1].adopt(old, new, plan[3], journal)
                own[n] = old
            elif isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
                for attribute in (
                    "__code__",
                    "__defaults__",
                    "__kwdefaults__",
                    "__doc__",
                    "__annotations__",
                ):
                    journal.setattr(old, attribute, getattr(new, attribute))
                own[n] = old
                stand_in(old, new, journal)

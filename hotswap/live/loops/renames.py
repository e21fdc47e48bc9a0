"""Locals that an edit only calls otherwise: ``n = 0`` and ``n += 1`` became ``count = 0`` and ``count += 1``.

A name that is gone and one that came are one local when their first bindings say the same and they are used mostly
alike. The frame's value then stays, under its new name. Pure.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hotswap.live.loops.places import TURN, Function, dump

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import CodeType

ALIKE: Final = 0.5
"""Share of a name's uses that have to be the same."""


@dataclass(slots=True)
class _Local:
    """How a function uses one name."""

    first: str = ""
    """What binds it first, comparable."""
    passed: bool = False
    """It is a parameter."""
    uses: Counter[str] = field(default_factory=Counter)
    """All else that is done with it."""


def renames(old: Function, new: Function, own: Collection[str]) -> dict[str, str]:
    """Give old name -> new name for locals that are called otherwise now.

    Args:
        old: The function as it was.
        new: The function as it is now.
        own: The frame's own names, without those that it shares with a function around it.
    """
    before, after = _words(old), _words(new)
    if before == after:
        return {}
    gone = [n for n in own if n in before and n not in after and not n.startswith("__")]
    came = after - before
    if not gone or not came:
        return {}
    changed = {*gone, *came}
    was, now = _locals(old, set(gone), changed), _locals(new, came, changed)
    twice = TURN in before  # a bridge uses its names in both halves
    found: dict[str, str] = {}
    for name in was:
        mine = was[name]
        rivals = {
            other: _likeness(mine, theirs, twice=twice)
            for other, theirs in now.items()
            if theirs.first == mine.first and other not in found.values()
        }
        best = max(rivals, key=rivals.__getitem__, default="")
        if best and (mine.passed or rivals[best] >= ALIKE):
            found[name] = best
    return found


def with_names(code: CodeType, names: Mapping[str, str]) -> CodeType:
    """Give the code object with its locals renamed; it runs the same."""
    return code.replace(
        co_varnames=tuple(names.get(n, n) for n in code.co_varnames),
        co_cellvars=tuple(names.get(n, n) for n in code.co_cellvars),
    )


def with_words(function: Function, names: Mapping[str, str]) -> Function:
    """Give the function with its locals renamed; none of the new names must be used in it."""
    made = copy.deepcopy(function)
    for node in ast.walk(made):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = names.get(node.arg, node.arg)
        elif isinstance(node, ast.Nonlocal):
            node.names = [names.get(n, n) for n in node.names]
    return made


def _words(function: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Nonlocal, ast.Global)):
            found.update(node.names)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def _likeness(one: _Local, other: _Local, *, twice: bool) -> float:
    most = other.uses.total() if twice else max(one.uses.total(), other.uses.total())
    return (one.uses & other.uses).total() / most if most else 1.0


def _locals(function: Function, names: set[str], changed: set[str]) -> dict[str, _Local]:
    """Describe names of a function: those that only names and parameters stand for, in the order of their bindings."""
    found: dict[str, _Local] = {}
    given = function.args
    for kind, parameters in (
        ("positional", [*given.posonlyargs, *given.args]),
        ("keyword", given.kwonlyargs),
        ("rest", [given.vararg] if given.vararg else []),
        ("keywords", [given.kwarg] if given.kwarg else []),
    ):
        for place, parameter in enumerate(parameters):
            if parameter.arg in names:
                found[parameter.arg] = _Local(f"{kind} {place}", passed=True)

    def look(node: ast.AST, parent: ast.AST, at: str, unit: ast.AST) -> None:
        if isinstance(node, ast.Name) and node.id in names:
            one = found.setdefault(node.id, _Local())
            says = _said(unit, node.id, changed) if not isinstance(node.ctx, ast.Load) else ""
            if says and not one.first:
                one.first = says
            else:
                one.uses[says or _use(parent, at, node, changed)] += 1
            return
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    compound = isinstance(node, ast.stmt) and hasattr(node, "body")
                    inner = child if isinstance(child, ast.stmt) or compound else unit
                    look(child, node, name, inner)

    for statement in function.body:
        if not (isinstance(statement, ast.If) and isinstance(statement.test, ast.Constant)):
            look(statement, function, "body", statement)  # a bridge's declarations bind nothing
    return {name: one for name, one in found.items() if one.first}


def _said(unit: ast.AST, name: str, changed: set[str]) -> str:
    """Give what a statement, or a header's expression, says about one name."""
    made = copy.deepcopy(unit)
    for node in ast.walk(made):
        if isinstance(node, ast.Name) and node.id in changed:
            node.id = "this" if node.id == name else "another"
    return dump(made)


def _use(parent: ast.AST, at: str, node: ast.Name, changed: set[str]) -> str:
    """Give what is done with a name where it is read: the operation, not its other operands."""
    what = type(parent).__name__, at
    if isinstance(parent, ast.Attribute):
        return f"{what} {parent.attr}"
    if isinstance(parent, ast.Call) and at == "args":
        place = next(i for i, a in enumerate(parent.args) if a is node)
        return f"{what} {place} {_said(parent.func, node.id, changed)}"
    return f"{what}"

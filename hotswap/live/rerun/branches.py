"""``if`` statements: which branch is taken, and whether a harmless test now answers otherwise."""

from __future__ import annotations

import ast
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from hotswap.source.guards import judgeable, names_of
from hotswap.source.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap.live.rerun.state import Rerun
    from hotswap.source.units import Unit


def as_they_were(rerun: Rerun, names: Mapping[str, Any]) -> dict[str, Any]:
    """Give the modules that changed as they were when the follower's ``if`` statements last ran."""
    found = {}
    for name, value in list(names.items()):
        other = rerun.swaps.get(value.__name__) if type(value) is ModuleType else None
        if other is not None:
            found[name] = SimpleNamespace(**other.before)
    return found


def dotted_in(test: ast.expr) -> set[str]:
    """Give the attribute chains in an expression."""
    found = {dotted(n) for n in ast.walk(test) if isinstance(n, ast.Attribute)}
    return {f for f in found if f}


def is_main_guard(unit: Unit) -> bool:
    """Say whether an ``if`` tests for ``__main__``."""
    return "__name__" in names_of(unit.test) and "__main__" in ast.dump(unit.test)


def judge_by(
    names: Mapping[str, Any], overlay: Mapping[str, Any] | None = None
) -> Callable[[ast.expr], bool | None]:
    """Make a judge that evaluates harmless tests with a module's live names."""

    def judge(test: ast.expr) -> bool | None:
        if not judgeable(test):
            return None
        try:
            code = compile(ast.Expression(test), "<test>", "eval", dont_inherit=True)
            space = {**names, **(overlay or {})}
            try:
                return bool(eval(code, space))
            except AttributeError:
                # a submodule shadows the module that was meant: ``typing.TYPE_CHECKING``
                return bool(eval(code, {**space, **shadowed(names)}))
        except Exception:  # noqa: BLE001 - a test that cannot be judged is run as part of its block
            return None

    return judge


def shadowed(names: Mapping[str, Any]) -> dict[str, Any]:
    """Give the top-level modules whose name a package's own submodule of the same name took."""
    package = names.get("__name__")
    return {
        name: sys.modules[name]
        for name, value in list(names.items())
        if type(value) is ModuleType
        and value.__name__ == f"{package}.{name}"
        and name in sys.modules
    }

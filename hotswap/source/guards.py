"""`if` statements at the top level: which of them can be judged again, and what stands in the branch that was taken."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hotswap.source.nodes import dotted, names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.source.units import Unit


Judge = Callable[[ast.expr], bool | None]
"""Says which way a test goes; None when that cannot be known without side effects."""


def flatten(
    units: Sequence[Unit], judge: Judge, guards: tuple[tuple[Unit, bool], ...] = ()
) -> list[tuple[Unit, tuple[tuple[Unit, bool], ...], bool | None]]:
    """Look through the ``if`` statements whose way is known: branches not taken bind and read nothing.

    Returns:
        ``(unit, guards, way)`` in file order; `way` is the branch taken of a judged ``if``, else None.
    """
    out: list[tuple[Unit, tuple[tuple[Unit, bool], ...], bool | None]] = []
    for unit in units:
        way = judge(unit.test) if unit.kind == "if" else None
        if way is None:
            out.append((unit, guards, None))
            continue
        inside = (*guards, (unit, way))
        out.append((unit, guards, way))
        out += flatten(unit.branches[0 if way else 1], judge, inside)
    return out


ASKING: Final = frozenset(
    [
        "bool",
        "int",
        "str",
        "tuple",
        "set",
        "len",
        "isinstance",
        "issubclass",
        "callable",
        "getattr",
        "hasattr",
        "globals",
        "locals",
        "vars",
        "find_spec",
        "importlib.util.find_spec",
        "os.environ.get",
        "os.getenv",
        "os.path.exists",
        "os.path.isfile",
        "platform.machine",
        "platform.python_implementation",
        "platform.system",
        "sys.platform.startswith",
    ]
)
"""Functions that a test may call: they ask a value, the module, the process or the system, and change none of them."""
METHODS: Final = frozenset({"startswith", "endswith", "lower", "upper", "get", "strip"})
"""Methods of strings and dicts that do so, too."""


def judgeable(test: ast.expr) -> bool:
    """Say whether a test can be evaluated again without side effects: names, constants, comparisons, harmless calls."""
    for node in ast.walk(test):
        if isinstance(
            node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Lambda, ast.ListComp)
        ):
            return False
        if isinstance(node, ast.Call) and not _harmless(node):
            return False
    return True


def _harmless(node: ast.Call) -> bool:
    name = dotted(node.func)
    return name in ASKING or name.rpartition(".")[2] in METHODS


def names_of(test: ast.expr) -> frozenset[str]:
    """Give the names a test reads."""
    return frozenset(names_in(test))

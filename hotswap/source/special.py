"""Which special methods a statement calls without spelling them: ``a + b``, ``len(a)``, ``f"{a}"``, ``with a:``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
}
UNARY: Final[dict[type[ast.unaryop], str]] = {
    ast.USub: "__neg__",
    ast.UAdd: "__pos__",
    ast.Invert: "__invert__",
}
ORDER: Final = frozenset({"__lt__", "__gt__", "__le__", "__ge__"})
TRUTH: Final = frozenset({"__bool__", "__len__"})
WALK: Final = frozenset({"__iter__", "__next__", "__getitem__", "__len__"})
TEXT: Final = frozenset({"__str__", "__repr__", "__format__"})
SETS: Final = frozenset({"__eq__", "__hash__"})
BUILTINS: Final[dict[str, frozenset[str]]] = {
    "abs": frozenset({"__abs__"}),
    "all": WALK | TRUTH,
    "any": WALK | TRUTH,
    "bool": TRUTH,
    "bytes": frozenset({"__bytes__"}) | WALK,
    "dict": WALK | SETS,
    "enumerate": WALK,
    "float": frozenset({"__float__", "__index__"}),
    "format": TEXT,
    "frozenset": WALK | SETS,
    "hash": frozenset({"__hash__"}),
    "int": frozenset({"__int__", "__index__"}),
    "iter": WALK,
    "len": frozenset({"__len__"}),
    "list": WALK,
    "max": ORDER | WALK,
    "min": ORDER | WALK,
    "next": frozenset({"__next__"}),
    "repr": frozenset({"__repr__"}),
    "reversed": frozenset({"__reversed__"}) | WALK,
    "round": frozenset({"__round__"}),
    "set": WALK | SETS,
    "sorted": ORDER | WALK,
    "str": TEXT,
    "sum": frozenset({"__add__", "__radd__"}) | WALK,
    "tuple": WALK,
}
"""Built-in functions -> the special methods that they call of what they are given, or of its elements."""


def called_by(node: ast.AST) -> dict[str, set[str]]:
    """Give the special methods that running a statement may call, by the name whose object they are called of.

    A name stands for its object, for the elements of its list, or for the instance that calling it makes (``A() + 1``).
    """
    found: dict[str, set[str]] = {}
    loops: list[tuple[ast.expr, ast.expr]] = []
    for part in ast.walk(node):
        for operand, methods in _uses(part):
            for name in _operands(operand):
                found.setdefault(name, set()).update(methods)
        if isinstance(part, (ast.For, ast.comprehension)):
            loops.append((part.target, part.iter))
    for target, over in loops:
        if isinstance(target, ast.Name) and target.id in found:
            for name in _operands(over):
                found.setdefault(name, set()).update(found[target.id])
    return found


def _operands(node: ast.expr) -> set[str]:
    """Give the names whose objects an expression may be."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Call):
        return _operands(node.func) if isinstance(node.func, ast.Name) else set()
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        parts = node.elts
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        parts = node.values
    elif isinstance(node, (ast.Starred, ast.NamedExpr)):
        parts = [node.value]
    return {name for part in parts for name in _operands(part)}


def _uses(part: ast.AST) -> Iterator[tuple[ast.expr, Iterable[str]]]:
    """Give the operands of one node, and the methods that it calls of each."""
    if isinstance(part, ast.BinOp):
        name = OPERATORS[type(part.op)]
        methods: Iterable[str] = {f"__{name}__", f"__r{name}__", *(TEXT if name == "mod" else ())}
        yield from ((operand, methods) for operand in (part.left, part.right))
    elif isinstance(part, ast.UnaryOp):
        yield part.operand, {UNARY[type(part.op)]} if type(part.op) in UNARY else TRUTH
    elif isinstance(part, ast.Compare):
        methods = ORDER | {"__eq__", "__ne__", "__contains__", "__iter__"}
        yield from ((operand, methods) for operand in (part.left, *part.comparators))
    elif isinstance(part, ast.Call):
        yield from _uses_of_call(part)
    elif isinstance(part, ast.Attribute):
        yield part.value, {"__getattr__", "__getattribute__"}
    elif isinstance(part, ast.Subscript):
        yield part.value, {"__getitem__"}
    elif isinstance(part, ast.FormattedValue):
        yield part.value, TEXT
    elif isinstance(part, (ast.For, ast.comprehension)):
        yield part.iter, WALK
    elif isinstance(part, ast.Starred):
        yield part.value, WALK
    elif isinstance(part, (ast.IfExp, ast.If, ast.While, ast.Assert)):
        yield part.test, TRUTH
    elif isinstance(part, ast.BoolOp):
        yield from ((operand, TRUTH) for operand in part.values)
    elif isinstance(part, ast.withitem):
        yield part.context_expr, {"__enter__", "__exit__"}
    elif isinstance(part, (ast.Set, ast.Dict)):
        keys = part.elts if isinstance(part, ast.Set) else part.keys
        yield from ((key, SETS) for key in keys if key is not None)


def _uses_of_call(part: ast.Call) -> Iterator[tuple[ast.expr, Iterable[str]]]:
    yield part.func, {"__call__"}
    if isinstance(part.func, ast.Attribute) and part.func.attr in ("join", "format"):
        yield from ((argument, TEXT) for argument in part.args)
    if not isinstance(part.func, ast.Name):
        return
    methods = BUILTINS.get(part.func.id, frozenset())
    if part.func.id == "map" and part.args and isinstance(part.args[0], ast.Name):
        methods = BUILTINS.get(part.args[0].id, frozenset()) | WALK
    yield from ((argument, methods) for argument in part.args)

"""What code spells that looks at a definition itself instead of calling it: ``f.__doc__``, ``inspect.signature(f)``.

Each set holds the attributes and functions that tell one fact of a function or class.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hotswap.source.nodes import DEF, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.source.units import Unit

DOC: Final = frozenset({"__doc__", "getdoc"})
"""The docstring."""

SIGNATURE: Final = frozenset([
    "__annotations__", "__code__", "__defaults__", "__kwdefaults__", "__signature__", "__type_params__",
    "from_callable", "get_annotations", "get_type_hints", "getfullargspec", "signature",
])  # fmt: skip
"""Parameters, defaults and annotations of a function."""

HINTS: Final = frozenset({"get_annotations", "get_type_hints"})
"""What the names in annotations that are text stand for."""

CODE: Final = frozenset({"co_consts", "co_names", "co_varnames", "getsource", "getsourcelines"})
"""The body. (Who holds a ``__code__`` follows without running again: `bodies.code_registries_follow`.)"""

SHAPE: Final = frozenset([
    "__annotations__", "__bases__", "__dataclass_fields__", "__dict__", "__doc__", "__match_args__", "__members__",
    "__mro__", "__pydantic_fields__", "__subclasses__", "_fields", "dir", "fields", "fields_dict",
    "get_annotations", "get_type_hints", "getattr", "getattr_static", "getmembers", "getmro", "getdoc", "hasattr",
    "model_computed_fields", "model_fields", "model_json_schema", "mro", "signature", "vars",
])  # fmt: skip
"""The members of a class."""

ATTRIBUTES: Final = frozenset({"__dict__", "getattr", "hasattr", "vars"})
"""Attributes that were set on it: these, and the attribute's own name."""

NAMESPACES: Final = frozenset({"dir", "globals", "locals", "vars"})
"""Builtins that give the names of the module when they are given nothing."""


def facts_changed(old: ast.AST, new: ast.AST) -> dict[str, frozenset[str]]:
    """Give what tells two versions of a definition apart: qualified name -> the words that look at what differs.

    A class answers for its members, too. Bodies are not compared.
    """
    found: dict[str, frozenset[str]] = {}
    name = getattr(new, "name", "")
    words: frozenset[str] = frozenset()
    if _doc(old) != _doc(new):
        words |= DOC
    if isinstance(old, DEF) and isinstance(new, DEF):
        if _head(old) != _head(new):
            words |= SIGNATURE
        if list(map(ast.dump, old.decorator_list)) != list(map(ast.dump, new.decorator_list)):
            words |= SIGNATURE | DOC
    elif isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef):
        before = {n.name: n for n in old.body if isinstance(n, (*DEF, ast.ClassDef))}
        for member in new.body:
            if isinstance(member, (*DEF, ast.ClassDef)) and member.name in before:
                for inner, looked in facts_changed(before[member.name], member).items():
                    found[f"{name}.{inner}"] = looked
                    words |= looked
    if words:
        found[name] = words
    return found


def _doc(node: ast.AST) -> str | None:
    return ast.get_docstring(node, clean=False) if isinstance(node, (*DEF, ast.ClassDef)) else None


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[object, ...]:
    returns = ast.dump(node.returns) if node.returns is not None else ""
    return type(node), ast.dump(node.args), returns


def evaluated(unit: Unit) -> Iterator[ast.AST]:
    """Give the nodes that running a statement evaluates: not those of the bodies of functions it defines."""
    value = unit.value if unit.kind == "assign" else None
    stack: list[ast.AST] = [unit.node if value is None else value]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, DEF):
            stack += node.decorator_list
            stack += [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
        else:
            stack += ast.iter_child_nodes(node)


def words_in(unit: Unit) -> set[str]:
    """Give every attribute and every called name that a statement spells."""
    found: set[str] = set()
    for node in evaluated(unit):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(node.func.id)
    return found


def called_in(unit: Unit) -> set[str]:
    """Give what a statement calls, as it spells it: ``describe``, ``inspect.signature``; decorators too."""
    found: set[str] = set()
    for node in evaluated(unit):
        if isinstance(node, ast.Call):
            found.add(dotted(node.func))
    for decorator in getattr(unit.node, "decorator_list", ()):
        found.add(dotted(decorator))
    return found - {""}


def looked_at(unit: Unit) -> set[str]:
    """Give the names and attribute chains whose objects a statement uses otherwise than by calling them."""
    found: set[str] = set()
    callees: set[int] = set()
    inner: set[int] = set()
    for node in evaluated(unit):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            callees.add(id(node.func))
        if isinstance(node, ast.Attribute):
            if id(node) not in inner and dotted(node):
                found.add(dotted(node))
            inner.add(id(node.value))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if id(node) not in callees and id(node) not in inner:
                found.add(node.id)
    return found


def takes_all_names(unit: Unit) -> bool:
    """Say whether a statement asks for every name of its module: ``for value in [*globals().values()]``, ``dir()``."""
    return not unit.scan.calls.isdisjoint(NAMESPACES) and any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in NAMESPACES
        and not node.args
        for node in evaluated(unit)
    )

"""Imports between tracked modules, as the source spells them."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from importlib.util import resolve_name
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap.source.units import Unit


@dataclass(frozen=True, slots=True)
class Edge:
    """A local name and where it comes from."""

    local: str
    module: str
    """Absolute name of the module."""
    name: str | None
    """The name in it; None when the local name is the module itself; ``*`` for all public names."""


def imports_of(unit: Unit, package: str) -> list[Edge]:
    """Give the edges of the import statements anywhere in a unit, function bodies aside."""
    found: list[Edge] = []
    stack: list[ast.AST] = [unit.node]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    found.append(Edge(alias.asname, alias.name, None))
                else:
                    found.append(Edge(alias.name.split(".")[0], alias.name.split(".")[0], None))
                    if "." in alias.name:
                        found.append(Edge("", alias.name, None))
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node.level, node.module or "", package)
            if base:
                found += [Edge(a.asname or a.name, base, a.name) for a in node.names]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return found


def absolute(level: int, module: str, package: str) -> str:
    """Resolve a relative module name; empty when it points above the top."""
    if not level:
        return module
    try:
        return resolve_name("." * level + module, package)
    except (ImportError, ValueError):
        return ""


def resolve(
    chain: tuple[str, ...], aliases: Mapping[str, Edge], is_module: Callable[[str], bool]
) -> tuple[str, str] | None:
    """Follow ``a.b.c`` through modules; give ``(module, name)`` of the first part that is no module."""
    edge = aliases.get(chain[0])
    if edge is None:
        return None
    rest = chain[1:]
    if edge.name is None:
        module = edge.module
    elif is_module(f"{edge.module}.{edge.name}"):
        module = f"{edge.module}.{edge.name}"
    else:
        return None
    while rest:
        if len(rest) > 1 and is_module(f"{module}.{rest[0]}"):
            module = f"{module}.{rest[0]}"
            rest = rest[1:]
        else:
            return module, rest[0]
    return None


def loaded_names(code: CodeType) -> frozenset[str]:
    """Give the names a module's own code loads: what it uses while it is imported, not what its functions use.

    Read off the bytecode, so that modules which merely import a name need not be parsed.
    """
    from dis import get_instructions

    found: set[str] = set()
    stack = [code]
    while stack:
        top = stack.pop()
        for instruction in get_instructions(top):
            if instruction.opname.startswith(
                ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD", "LOAD_FROM")
            ):
                found.add(str(instruction.argval))
        stack.extend(
            constant
            for constant in top.co_consts
            if isinstance(constant, CodeType)
            and (
                not constant.co_flags & 0x2
                or constant.co_name
                in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")
                or constant.co_name.startswith("<generic parameters")
            )
        )
    return frozenset(sys.intern(n) for n in found)


def public_names(names: Mapping[str, object]) -> Iterable[str]:
    """Give the names that ``from module import *`` takes."""
    declared = names.get("__all__")
    if isinstance(declared, (list, tuple)):
        return [n for n in declared if isinstance(n, str)]
    return [n for n in names if not n.startswith("_")]

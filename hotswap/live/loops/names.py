"""What a fresh run of a function would have bound by the time it reaches a place. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.places import COMPREHENSIONS, FUNCTIONS, LOOPS, TRIES, dump, own_nodes
from hotswap.source.nodes import mangled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.live.loops.places import Place

_CONSTANT: Final = (
    ast.Constant,
    ast.UnaryOp,
    ast.BinOp,
    ast.operator,
    ast.unaryop,
    ast.Tuple,
    ast.Load,
)


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One statement that binds a name."""

    name: str
    value: ast.expr | None
    """Of ``name = value`` and ``name: T = value``; None for every other way."""
    line: int
    certain: bool
    """Whoever reaches the place has run it."""
    in_turn: bool
    """It runs anew in each turn of a loop around the place."""
    owner: str = ""
    """Class around the function, for the private names in `value`."""
    text: str = ""
    """What a simple statement without `value` says, comparable."""
    makes: ast.stmt | None = None
    """The ``def`` or ``import`` that binds it."""

    @property
    def says(self) -> str:
        """What binds the name, comparable; "" for a function, whose own edits live functions take."""
        if self.value is None or isinstance(self.value, ast.Lambda):
            return self.text
        return dump(self.value)


def bindings_before(place: Place, function: ast.AST, owner: str) -> list[Binding]:
    """Give what may bind names on the way from the function's start to `place`, in source order."""
    found: list[Binding] = []
    chain = ((function, "body"), *place.chain)
    in_turn = False
    for index, (node, field) in enumerate(chain):
        in_turn = in_turn or (isinstance(node, LOOPS) and field in ("body", "test"))
        following = chain[index + 1][0] if index + 1 < len(chain) else place.node
        block = getattr(node, field, None)
        if isinstance(block, list) and all(isinstance(s, ast.stmt) for s in block):
            for statement in block:
                if statement is following:
                    break
                found += _bound_by(statement, owner, certain=True, in_turn=in_turn)
        found += _bound_on_entering(node, field, following, owner, in_turn=in_turn)
    return found


def _bound_on_entering(
    node: ast.AST, field: str, following: ast.AST, owner: str, *, in_turn: bool
) -> Iterator[Binding]:
    """Give what a compound statement binds on the way to its `field`: loop targets, ``as`` names, patterns."""
    heads: list[ast.AST] = []
    if isinstance(node, (ast.For, ast.AsyncFor)) and field == "body":
        heads = [node.target]
    elif isinstance(node, (ast.With, ast.AsyncWith)) and field == "body":
        heads = list(node.items)
    elif isinstance(node, (ast.If, ast.While)) and field != "test":
        heads = [node.test]
    elif isinstance(node, ast.match_case):
        heads = [
            node.pattern,
            *([node.guard] if node.guard is not None and field != "guard" else []),
        ]
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield Binding(mangled(node.name, owner), None, node.lineno, certain=True, in_turn=in_turn)
    for head in heads:
        yield from _names_in(head, owner, certain=True, in_turn=in_turn)
    if isinstance(node, TRIES) and field != "body":  # parts of the body ran, nobody knows which
        for statement in node.body if following not in node.body else []:
            yield from _bound_by(statement, owner, certain=field == "orelse", in_turn=in_turn)
    if isinstance(node, TRIES) and field == "finalbody":
        for statement in (*(s for h in node.handlers for s in h.body), *node.orelse):
            yield from _bound_by(statement, owner, certain=False, in_turn=in_turn)
    if isinstance(node, LOOPS) and field == "orelse":
        for statement in node.body:
            yield from _bound_by(statement, owner, certain=False, in_turn=in_turn)


def _bound_by(statement: ast.stmt, owner: str, *, certain: bool, in_turn: bool) -> list[Binding]:
    """Give what a whole statement binds, by itself or somewhere inside."""
    if isinstance(statement, ast.If) and isinstance(statement.test, ast.Constant):
        if not statement.test.value and not statement.orelse:
            return []  # nothing of it is compiled, but that the names are local: a bridge's declarations
    if isinstance(statement, ast.Assign):
        pairs = _assigned(statement)
        if pairs:
            inner = _names_in(statement.value, owner, certain=certain, in_turn=in_turn)
            line = statement.lineno
            return [
                *inner,
                *(Binding(mangled(n, owner), v, line, certain, in_turn, owner) for n, v in pairs),
            ]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        if statement.value is None:
            return []
        name = mangled(statement.target.id, owner)
        return [Binding(name, statement.value, statement.lineno, certain, in_turn, owner)]
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        name = mangled(statement.name, owner)
        return [Binding(name, None, statement.lineno, certain, in_turn, owner, makes=statement)]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        names = [(a.asname or a.name).split(".")[0] for a in statement.names]
        text, line = dump(statement), statement.lineno
        return [Binding(n, None, line, certain, in_turn, owner, text, statement) for n in names]
    branches = (ast.If, *LOOPS, *TRIES, ast.Match, ast.With, ast.AsyncWith)
    if isinstance(statement, branches):
        sure = certain and isinstance(statement, (ast.With, ast.AsyncWith))
        return list(_names_in(statement, owner, certain=sure, in_turn=in_turn))
    text = dump(statement)
    return list(_names_in(statement, owner, certain=certain, in_turn=in_turn, text=text))


def _assigned(statement: ast.Assign) -> list[tuple[str, ast.expr]]:
    """Give (name, value) of ``n = 0``, ``a, b = [], 1`` and ``a = b = 0``; nothing where it is not as if one by one."""
    target, value = statement.targets[0], statement.value
    names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
    if len(names) == len(statement.targets):
        one_by_one = len(names) == 1 or isinstance(value, ast.Constant)
        return [(name, value) for name in names] if one_by_one else []
    if len(statement.targets) > 1 or not isinstance(target, ast.Tuple):
        return []
    names = [t.id for t in target.elts if isinstance(t, ast.Name)]
    if not isinstance(value, ast.Tuple) or not len(names) == len(target.elts) == len(value.elts):
        return []
    reads = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    return [] if reads & {*names} else list(zip(names, value.elts, strict=True))


def _names_in(
    node: ast.AST, owner: str, *, certain: bool, in_turn: bool, text: str = ""
) -> Iterator[Binding]:
    """Give every name that a node binds somewhere inside (comprehensions have their own)."""
    hidden = {
        id(n)
        for c in ast.walk(node)
        if isinstance(c, COMPREHENSIONS)
        for g in c.generators
        for n in ast.walk(g.target)
    }
    for inner in (node, *own_nodes(node)):
        names: list[str] = []
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            names = [] if id(inner) in hidden else [inner.id]
        elif isinstance(inner, (*FUNCTIONS, ast.ClassDef)):
            names = [inner.name]
        elif isinstance(inner, (ast.Import, ast.ImportFrom)):
            names = [(a.asname or a.name).split(".")[0] for a in inner.names]
        elif isinstance(inner, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and inner.name:
            names = [inner.name]
        elif isinstance(inner, ast.MatchMapping) and inner.rest:
            names = [inner.rest]
        line = int(getattr(inner, "lineno", 0))
        for name in names:
            yield Binding(mangled(name, owner), None, line, certain, in_turn, owner, text)
    for inner in own_scopes(node):
        yield Binding(mangled(inner.name, owner), None, inner.lineno, certain, in_turn)


def own_scopes(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Give the functions and classes that are defined directly inside `node`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            yield child
        elif not isinstance(child, ast.Lambda):
            yield from own_scopes(child)


def parameters(function: ast.AST, owner: str) -> list[Binding]:
    """Give the parameters of a function as bindings, with their defaults."""
    own = getattr(function, "args", None)
    if not isinstance(own, ast.arguments):
        return []
    positional = [*own.posonlyargs, *own.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(own.defaults))
    pairs = [*zip(positional, (*defaults, *own.defaults), strict=True)]
    pairs += zip(own.kwonlyargs, own.kw_defaults, strict=True)
    pairs += [(extra, None) for extra in (own.vararg, own.kwarg) if extra is not None]
    return [
        Binding(mangled(a.arg, owner), d, a.lineno, certain=True, in_turn=False) for a, d in pairs
    ]


def constants(function: ast.AST, owner: str) -> dict[str, tuple[Any, int]]:
    """Give (value, line) of each local whose one and only binding is a constant: ``limit = 5``.

    Parameters, and names that nested functions may rebind, are not among them.
    """
    found: dict[str, list[Binding]] = {}
    for statement in getattr(function, "body", []):
        for binding in _bound_by(statement, owner, certain=True, in_turn=False):
            found.setdefault(binding.name, []).append(binding)
    taken = {mangled(a.arg, owner) for a in _arguments(function)}
    for node in ast.walk(function):
        if isinstance(node, (ast.Nonlocal, ast.Global)):
            taken |= {mangled(name, owner) for name in node.names}
    kept = {}
    for name, mine in found.items():
        value = mine[0].value
        if len(mine) > 1 or value is None or name in taken:
            continue
        if all(isinstance(n, _CONSTANT) for n in ast.walk(value)):
            try:
                kept[name] = (_constant(value), mine[0].line)
            except (ArithmeticError, TypeError, ValueError):
                continue
    return kept


def _arguments(function: ast.AST) -> Iterator[ast.arg]:
    own = getattr(function, "args", None)
    if isinstance(own, ast.arguments):
        yield from (n for n in ast.walk(own) if isinstance(n, ast.arg))


def _constant(value: ast.expr) -> Any:
    code = compile(ast.Expression(value), "<constant>", "eval", dont_inherit=True)
    return eval(code, {"__builtins__": {}}, {})

"""What a function connects by itself when it is called: handlers it registers, functions it hands on, work it starts.

The bodies of what is nested in it are not its own doing: those are patched. Pure: syntax trees in, fingerprints out.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, Protocol

from hotswap.source import effects
from hotswap.source.nodes import DEF, dotted, root
from hotswap.source.scan import CALLING_BACK, PURE_DECORATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SCOPES: Final = (*DEF, ast.ClassDef)
LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
NOT_KEPT: Final = CALLING_BACK | {
    "cast", "getattr", "hasattr", "isinstance", "issubclass", "len", "print", "repr", "setattr", "str", "super", "type",
    "vars", "to_thread", "run_in_executor", "run_sync", "gather", "wait_for", "sort",
}  # fmt: skip
"""Calls, by last name, that are done with what they are given when they return."""
TOLD: Final = frozenset(
    {"bool", "debug", "exception", "id", "info", "len", "log", "print", "repr", "str", "warning"}
)
"""Calls, by last name, that say something of what they are given, and no more."""
STARTS: Final = frozenset(
    {
        "starts a task",
        "starts a thread",
        "starts something",
        "starts work in another thread",
        "registers an exit function",
        "installs a signal handler",
    }
)
"""Effects (source/effects.py) that go on after the call."""


class IsThing(Protocol):
    """Says whether a dotted name means a function or a class; with `made`, or an instance."""

    def __call__(self, dotted: str, *, made: bool) -> bool: ...


def wiring(body: Iterable[ast.stmt], is_thing: IsThing) -> Counter[str]:
    """Fingerprint the statements that connect something, in whichever order.

    Args:
        body: A function's body, or a part of it.
        is_thing: Tells what names mean.
    """
    found: Counter[str] = Counter()
    nested = {n.name for n in flat(body) if isinstance(n, SCOPES)}

    def named(name: str, *, made: bool = False) -> bool:
        return bool(name) and (name in nested or is_thing(name, made=made))

    for node in flat(body):
        if isinstance(node, SCOPES):
            kept = [d for d in node.decorator_list if last_name(d) not in PURE_DECORATORS]
            if kept:
                found[f"{node.name} {[_spelled(d) for d in kept]}"] += 1
            continue
        for part in _own(node):
            if _connects(part, named):
                found[_spelled(part)] += 1
    return found


def registered(body: Iterable[ast.stmt]) -> set[str]:
    """Give the names of the nested definitions that decorators may have registered."""
    return {
        node.name
        for node in flat(body)
        if isinstance(node, SCOPES)
        and any(last_name(d) not in PURE_DECORATORS for d in node.decorator_list)
    }


def given(body: Iterable[ast.stmt]) -> Iterator[tuple[str, list[str]]]:
    """Give ``(owner, names)`` of each statement that is a call of an owner's method: ``saved.connect(on_save)``."""
    for node in flat(body):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Attribute):
                handed = [*call.args, *(k.value for k in call.keywords)]
                yield root(call.func), [dotted(a) for a in handed if dotted(a)]


def flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Give statements and those in the blocks among them, but not in definitions."""
    for node in body:
        yield node
        if not isinstance(node, SCOPES):
            for block in _blocks(node):
                yield from flat(block)


def passed(
    old: Sequence[ast.stmt], new: Sequence[ast.stmt], line: int
) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Give the statements, of the old body and of the new one, that a frame has behind it for good.

    Args:
        old: The body that runs, or a block of it.
        new: The body that takes its place; the same one when it was not edited.
        line: Where the frame stands, in the lines of `old`.
    """
    at = next((i for i, n in enumerate(old) if n.lineno <= line <= (n.end_lineno or line)), None)
    if at is None:
        return [], []
    here = old[at]
    there = at if old is new else _counterpart(old, new, at)
    behind, gone = list(old[:at]), list(new[:there])
    if isinstance(here, (*LOOPS, *SCOPES)) or there >= len(new):
        return behind, gone
    twins = list(_blocks(new[there])) if type(new[there]) is type(here) else []
    for index, block in enumerate(_blocks(here)):
        if block and block[0].lineno <= line <= (block[-1].end_lineno or line):
            inner = block if old is new else twins[index] if index < len(twins) else []
            more, less = passed(block, inner, line)
            behind += more
            gone += less
    return behind, gone


def lasting(node: ast.stmt) -> Iterator[ast.AST]:
    """Give the parts of a statement that may keep what they read: not ``log.info("%d rooms", len(ROOMS))``."""
    todo: list[ast.AST] = list(_own(node))
    while todo:
        part = todo.pop()
        yield part
        if not isinstance(part, ast.Call) or last_name(part) not in TOLD:
            todo += ast.iter_child_nodes(part)


def called_names(body: Iterable[ast.stmt]) -> set[str]:
    """Give the dotted names that statements call."""
    return {
        dotted(call.func)
        for node in flat(body)
        for part in _own(node)
        for call in ast.walk(part)
        if isinstance(call, ast.Call)
    } - {""}


def names_beside(body: Iterable[ast.stmt], gone: Iterable[ast.stmt]) -> frozenset[str]:
    """Give the names and attributes that a body spells outside the statements that are behind."""
    behind = {id(node) for node in flat(gone)}
    parts = [p for n in flat(body) if id(n) not in behind for p in _own(n)]
    found = {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
    found |= {n.attr for part in parts for n in ast.walk(part) if isinstance(n, ast.Attribute)}
    return frozenset(found)


def _counterpart(old: Sequence[ast.stmt], new: Sequence[ast.stmt], at: int) -> int:
    """Give the index in `new` of the statement that stands for ``old[at]``."""
    mine, theirs = [ast.dump(n) for n in old], [ast.dump(n) for n in new]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if i1 <= at < i2:
            if tag == "equal":
                return j1 + at - i1
            alike = [j for j in range(j1, j2) if type(new[j]) is type(old[at])]
            same = [i for i in range(i1, i2) if type(old[i]) is type(old[at])]
            return alike[min(same.index(at), len(alike) - 1)] if alike else j2
    return len(new)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield list(getattr(node, name, ()))
    for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield list(handler.body)


def _own(node: ast.stmt) -> Iterator[ast.stmt | ast.expr]:
    """Give what of a statement is not a block: itself, or the expressions in its head."""
    if not any(_blocks(node)):
        yield node
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        yield from (item.context_expr for item in node.items)
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield node.iter


def _connects(node: ast.AST, named: Callable[..., bool]) -> bool:
    """Say whether a statement keeps a function somewhere, or starts something that goes on."""
    alone = id(node.value) if isinstance(node, ast.Expr) else 0
    if isinstance(node, ast.Assign) and any(not isinstance(t, ast.Name) for t in node.targets):
        if named(dotted(node.value)):
            return True  # ``handlers["x"] = on_x``
    todo: list[ast.AST] = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Call):
            what, _ = effects.of_call(part, statement=id(part) == alone, origins={})
            if what in STARTS:
                return True
            if last_name(part) in NOT_KEPT | TOLD:
                continue
            given = (*part.args, *(k.value for k in part.keywords))
            # ``app.include_router(users)``: whose value nobody wants connects what it is given
            made = id(part) == alone and isinstance(part.func, ast.Attribute)
            if any(isinstance(a, ast.Lambda) or named(dotted(a), made=made) for a in given):
                return True
            # ``bot.add_cog(Fun(bot))``
            if made and any(isinstance(a, ast.Call) and named(dotted(a.func)) for a in given):
                return True
        held: list[ast.expr | None] = []
        if isinstance(part, ast.Dict):
            held += part.values
        elif isinstance(part, (ast.List, ast.Tuple)):
            held += part.elts
        if any(named(dotted(one)) for one in held if one is not None):
            return True
        todo += ast.iter_child_nodes(part)
    return False


def last_name(node: ast.expr) -> str:
    """Give the last name of a call, or of a decorator: ``get`` of ``@app.get("/")``."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


class _Hollow(ast.NodeTransformer):
    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """A lambda runs later; its body is patched."""
        node.body = ast.Constant(None)
        return node


def _spelled(node: ast.AST) -> str:
    return ast.dump(_Hollow().visit(copy.deepcopy(node)))

"""Expressions that can only give a value, computed without running anything of the user's.

No property, no method and no constructor of theirs runs, and nothing outside the expression changes (harmless.py).
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.loops.harmless import (
    NOTHING,
    VIEWS,
    gives_only,
    holds_only,
    is_atom,
    is_plain,
    is_pure,
    static,
)
from hotswap.source.nodes import mangled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MOST: Final = 100_000
"""Elements that a comprehension, or a repetition, may give: the loop waits meanwhile."""

_NODES: Final = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.Name, ast.keyword),
    *(ast.Compare, ast.Call, ast.Attribute, ast.IfExp, ast.JoinedStr, ast.FormattedValue),
    *(ast.Subscript, ast.Slice, ast.ListComp, ast.SetComp, ast.DictComp, ast.comprehension),
)
_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
}
_SHOWN: Final[Mapping[int, Callable[[Any], Any]]] = {
    -1: lambda x: x,
    ord("s"): str,
    ord("r"): repr,
    ord("a"): ascii,
}
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


class NotPureError(Exception):
    """To compute it would do more than give a value."""


def is_pure_form(value: ast.expr) -> bool:
    """Tell whether an expression is made of nothing that certainly has effects; `evaluate` asks the values."""
    for node in ast.walk(value):
        if not isinstance(node, _NODES) or (isinstance(node, ast.comprehension) and node.is_async):
            return False
        if isinstance(node, ast.keyword) and node.arg is None:
            return False
        if isinstance(node, ast.Call) and not isinstance(node.func, (ast.Name, ast.Attribute)):
            return False
    return True


def names_read(value: ast.expr) -> frozenset[str]:
    """Give the names that an expression reads; those that its comprehensions bind may be among them."""
    return frozenset(
        n.id for n in ast.walk(value) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    )


def evaluate(value: ast.expr, look_up: Callable[[str], Any], owner: str) -> Any:
    """Compute an expression.

    Args:
        value: One of which `is_pure_form` holds.
        look_up: Gives a name's value, or `NOTHING`.
        owner: Class around the function, for private names; "" when there is none.

    Raises:
        NotPureError: That would do more than give a value.
        Exception: What computing it raises.
    """
    return _Evaluation(look_up, owner).value(value)


class _Evaluation:
    def __init__(self, look_up: Callable[[str], Any], owner: str) -> None:
        self._look_up = look_up
        self._owner = owner
        self._bound: dict[str, Any] = {}
        """What comprehensions bind."""
        self._given = 0

    def value(self, node: ast.expr) -> Any:
        """Compute one expression."""
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                found = self._bound[node.id] if node.id in self._bound else self._look_up(node.id)
                return _there(found)
            case ast.List() | ast.Tuple() | ast.Set():
                made = [self.value(one) for one in node.elts]
                if isinstance(node, ast.Set):
                    return set(map(_plain, made))
                return made if isinstance(node, ast.List) else tuple(made)
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                return dict(self._pair(key, one) for key, one in pairs)
            case ast.Attribute():
                return _there(self._attribute(self.value(node.value), node.attr))
            case ast.Call():
                return self._call(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self._comprehension(node)
            case ast.Subscript():
                base, key = _plain(self.value(node.value)), _plain(self.value(node.slice))
                return base[key]
            case ast.Slice():
                parts = (node.lower, node.upper, node.step)
                return slice(*(one and _plain(self.value(one)) for one in parts))
            case ast.JoinedStr():
                return "".join(str(self.value(part)) for part in node.values)
            case ast.FormattedValue():
                spec = self.value(node.format_spec) if node.format_spec is not None else ""
                shown = _plain(self.value(node.value))
                made = _SHOWN[node.conversion](shown)
                return format(made, spec)
        return self._operation(node)

    def _pair(self, key: ast.expr | None, value: ast.expr) -> tuple[Any, Any]:
        if key is None:
            raise NotPureError
        return _plain(self.value(key)), self.value(value)

    def _operation(self, node: ast.expr) -> Any:
        match node:
            case ast.IfExp():
                chosen = node.body if _plain(self.value(node.test)) else node.orelse
                return self.value(chosen)
            case ast.BoolOp():
                ends = isinstance(node.op, ast.Or)
                for one in node.values:
                    found = self.value(one)
                    if one is node.values[-1] or bool(_plain(found)) == ends:
                        break
                return found
            case ast.UnaryOp():
                return _UNARY[type(node.op)](_plain(self.value(node.operand)))
            case ast.BinOp() if type(node.op) in _BINARY:
                left, right = _plain(self.value(node.left)), _plain(self.value(node.right))
                _keep_small(node.op, left, right)
                return _BINARY[type(node.op)](left, right)
            case ast.Compare():
                return self._compared(node)
        raise NotPureError

    def _compared(self, node: ast.Compare) -> Any:
        left, found = self.value(node.left), True
        for kind, one in zip(node.ops, node.comparators, strict=True):
            right = self.value(one)
            if not isinstance(kind, (ast.Is, ast.IsNot)):
                _plain(left)
                _plain(right)
            found = _COMPARE[type(kind)](left, right)
            if not found:
                break
            left = right
        return found

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(one) for one in node.args]
        named = {str(one.arg): self.value(one.value) for one in node.keywords}
        function = node.func
        if isinstance(function, ast.Attribute):
            base = self.value(function.value)
            if gives_only(base, function.attr):
                _all_plain((*arguments, *named.values()))
                return getattr(base, function.attr)(*arguments, **named)
            called = _there(self._attribute(base, function.attr))
        else:
            called = self.value(function)
        if holds_only(called):
            if called is type and len(arguments) != 1:
                raise NotPureError
            return called(*arguments, **named)
        if not is_pure(called):
            raise NotPureError
        _all_plain((*arguments, *named.values()))
        return called(*arguments, **named)

    def _attribute(self, base: Any, name: str) -> Any:
        if is_atom(base):
            found = getattr(base, name, NOTHING)
            return NOTHING if callable(found) else found
        return static(base, mangled(name, self._owner))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Any:
        before = dict(self._bound)
        try:
            if isinstance(node, ast.DictComp):
                turns = self._turns(node.generators)
                return {_plain(self.value(node.key)): self.value(node.value) for _ in turns}
            found = [self.value(node.elt) for _ in self._turns(node.generators)]
            return found if isinstance(node, ast.ListComp) else set(map(_plain, found))
        finally:
            self._bound = before

    def _turns(self, generators: list[ast.comprehension]) -> Iterator[None]:
        if not generators:
            yield
            return
        first, *rest = generators
        over = self.value(first.iter)
        if type(over) not in VIEWS:
            _plain(over)
        for item in over:
            self._given += 1
            if self._given > MOST:
                raise NotPureError
            self._bind(first.target, item)
            if all(_plain(self.value(test)) for test in first.ifs):
                yield from self._turns(rest)

    def _bind(self, target: ast.expr, item: Any) -> None:
        if isinstance(target, ast.Name):
            self._bound[target.id] = item
        elif isinstance(target, (ast.Tuple, ast.List)) and type(item) in (tuple, list):
            for one, part in zip(target.elts, item, strict=True):
                self._bind(one, part)
        else:
            raise NotPureError


def _there(found: Any) -> Any:
    if found is NOTHING:
        raise NotPureError
    return found


def _plain(found: Any) -> Any:
    if not is_plain(found):
        raise NotPureError
    return found


def _all_plain(values: Iterable[Any]) -> None:
    for one in values:
        if type(one) not in VIEWS:
            _plain(one)


def _keep_small(kind: ast.operator, left: Any, right: Any) -> None:
    """Refuse what could take long, or much memory: ``[0] * 10**9``, ``10 ** 10 ** 10``."""
    numbers = (int, float, complex)
    if isinstance(kind, (ast.Pow, ast.LShift)):
        large = type(right) is int and right > MOST
    elif isinstance(kind, ast.Mult):
        times = [one for one in (left, right) if type(one) is int]
        large = (
            any(type(one) not in numbers for one in (left, right)) and max(times, default=0) > MOST
        )
    else:
        large = False
    if large:
        raise NotPureError

"""What a frame lacks, since the edit added it before the loop, and what of that can be made up for.

An initialiser is *pure* when it can only give a value: displays, arithmetic, known constructors and clocks, imports of
what is loaded, nested functions. Each frame gets its own. `evaluate` runs nothing else: no property, no method and no
constructor of the user's.
"""

from __future__ import annotations

import ast
import asyncio
import collections
import dataclasses
import datetime as dt
import importlib
import importlib.util
import itertools
import logging
import random
import re
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import (
    CellType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
    SimpleNamespace,
)
from typing import TYPE_CHECKING, Any, Final, Protocol

from hotswap.live.loops.model import Refused
from hotswap.live.loops.names import Binding, mangled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NODES: Final = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.Name, ast.keyword),
    *(ast.Compare, ast.Call, ast.Attribute, ast.IfExp, ast.JoinedStr, ast.FormattedValue),
)
_OPERATES: Final = (
    *(ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Call, ast.FormattedValue),
)
_TEXT: Final = (str, bytes)
_PLAIN: Final = (
    *(int, float, complex, str, bytes, bool, type(None), tuple, list, dict, set, frozenset, range),
)
_PURE: Final[tuple[Any, ...]] = (
    *(set, dict, list, tuple, int, float, complex, str, bytes, bytearray, frozenset, bool, range),
    *(object, len, min, max, sum, abs, round, sorted, divmod, repr),
    *(collections.deque, collections.defaultdict, collections.Counter, collections.OrderedDict),
    *(collections.ChainMap, itertools.count, SimpleNamespace, re.compile, Path, random.Random),
    *(time.time, time.monotonic, time.perf_counter, time.process_time),
    *(time.time_ns, time.monotonic_ns, time.perf_counter_ns),
    *(dt.timedelta, dt.datetime, dt.date, uuid.uuid4, logging.getLogger),
    *(asyncio.Event, asyncio.Lock, asyncio.Queue, asyncio.Semaphore, asyncio.Condition),
    *(asyncio.LifoQueue, asyncio.PriorityQueue, asyncio.get_running_loop, asyncio.current_task),
    *(threading.Lock, threading.RLock, threading.Event),
)
"""Callables that do nothing but give a value. Compared by identity: a name may have been given another meaning."""
_PURE_METHODS: Final[tuple[tuple[Any, str], ...]] = (
    *((dt.datetime, name) for name in ("now", "utcnow", "today", "fromtimestamp")),
    *((dt.date, name) for name in ("today", "fromisoformat")),
    *((dict, "fromkeys"), (Path, "cwd"), (Path, "home")),
)
_READING: Final = frozenset({"get", "copy", "keys", "values", "items", "index", "count"})
"""Methods of plain containers that change nothing."""

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Around:
    """What an initialiser may look at in one frame."""

    locals_: Mapping[str, Any]
    globals_: dict[str, Any]
    cells: Mapping[str, CellType]


class Initialiser(Protocol):
    """Gives a local of one frame after the other its value."""

    binding: Binding
    reads: frozenset[str]
    """Names that it needs."""

    def evaluate(self, around: Around) -> Any:
        """Compute the value as the frame would have.

        Raises:
            Refused: It would do more than give a value, or raises.
        """


def initialiser(name: str, before: list[Binding], code: CodeType) -> Initialiser | None:
    """Give what makes up for the one binding that a fresh run has certainly passed; None when a fresh run may lack it.

    Args:
        name: The local.
        before: What binds names on the way to the await.
        code: The edited function's, which holds the code of nested functions.

    Raises:
        Refused: A fresh run has bound it, and how cannot be made up for.
    """
    mine = [binding for binding in before if binding.name == name]
    if not any(binding.certain for binding in mine):
        return None
    last = mine[-1]
    if len(mine) == 1:
        if isinstance(last.makes, (ast.Import, ast.ImportFrom)):
            return _Imported(last, last.makes)
        if isinstance(last.makes, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return _Defined(last, last.makes, code)
        if isinstance(last.value, ast.Lambda):
            return _Defined(last, last.value, code)
        if last.value is not None and _is_pure_form(last.value):
            return _Computed(last, last.value)
    in_turn = any(binding.in_turn for binding in mine if binding.certain)
    raise Refused(f"{name} is bound by line {last.line}, which would have to run", in_turn=in_turn)


def _refusal(binding: Binding) -> Refused:
    reason = f"{binding.name} is bound by line {binding.line}, which would have to run"
    return Refused(reason, in_turn=binding.in_turn)


def _is_pure_form(value: ast.expr) -> bool:
    for node in ast.walk(value):
        if not isinstance(node, _NODES):
            return False
        if isinstance(node, ast.Call) and _chain(node.func) is None:
            return False
        if isinstance(node, ast.Attribute) and _chain(node) is None:
            return False
    return True


def _chain(node: ast.expr) -> list[str] | None:
    """Give the parts of ``a.b.c``; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


class _Computed:
    """An expression."""

    def __init__(self, binding: Binding, value: ast.expr) -> None:
        self.binding = binding
        inner = {id(n.value) for n in ast.walk(value) if isinstance(n, ast.Attribute)}
        called = {id(n.func) for n in ast.walk(value) if isinstance(n, ast.Call)}
        self._operates = any(isinstance(n, _OPERATES) for n in ast.walk(value))
        self._chains: list[tuple[list[str], bool]] = []
        """What is read, part for part, and whether it is called."""
        for node in ast.walk(value):
            if isinstance(node, (ast.Name, ast.Attribute)) and id(node) not in inner:
                parts = _chain(node)
                if parts is not None:
                    self._chains.append((parts, id(node) in called))
        self.reads = frozenset(mangled(parts[0], binding.owner) for parts, _ in self._chains)
        self._code = compile(ast.Expression(value), "<initialiser>", "eval", dont_inherit=True)

    def evaluate(self, around: Around) -> Any:
        environment: dict[str, Any] = {}
        for (name, *parts), is_called in self._chains:
            base = _look_up(mangled(name, self.binding.owner), around)
            environment[name] = base
            if not self._allowed(base, parts, is_called=is_called):
                raise _refusal(self.binding)
        try:
            return eval(self._code, {"__builtins__": {}}, environment)
        except Exception as error:
            name, line = self.binding.name, self.binding.line
            reason = f"{name} would have to be made by line {line}, which raises {error!r}"
            raise Refused(reason, in_turn=self.binding.in_turn) from error

    def _allowed(self, found: Any, parts: list[str], *, is_called: bool) -> bool:
        parts = [mangled(part, self.binding.owner) for part in parts]
        for index, part in enumerate(parts):
            if found is _NOTHING:
                return False
            if is_called and index == len(parts) - 1 and _gives_only(found, part):
                return True
            found = _static(found, part)
        if found is _NOTHING:
            return False
        if is_called:
            return _is_pure(found) or _is_plain_class(found)
        return not self._operates or type(found) in _PLAIN or _is_pure(found)


class _Defined:
    """A nested function: its code is in the new function's, its cells are the frame's."""

    def __init__(
        self,
        binding: Binding,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        code: CodeType,
    ) -> None:
        self.binding = binding
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        found = [
            c
            for c in code.co_consts
            if isinstance(c, CodeType)
            and c.co_name == name
            and c.co_firstlineno == node.lineno
            and c.co_qualname == f"{code.co_qualname}.<locals>.{name}"
        ]
        if len(found) != 1 or getattr(node, "decorator_list", []):
            raise _refusal(binding)
        self._code = found[0]
        given, keywords = node.args, node.args.kwonlyargs
        self._defaults = [self._default(value) for value in given.defaults]
        pairs = zip(keywords, given.kw_defaults, strict=True)
        self._keywords = {a.arg: self._default(v) for a, v in pairs if v is not None}
        inner = [*self._defaults, *self._keywords.values()]
        self.reads = frozenset(self._code.co_freevars).union(*(one.reads for one in inner))

    def _default(self, value: ast.expr) -> _Computed:
        if not _is_pure_form(value):
            raise _refusal(self.binding)
        return _Computed(self.binding, value)

    def evaluate(self, around: Around) -> Any:
        closure = []
        for name in self._code.co_freevars:
            if name not in around.cells:  # a class's, or the frame shares it no longer
                raise _refusal(self.binding)
            closure.append(around.cells[name])
        defaults = tuple(one.evaluate(around) for one in self._defaults)
        made = FunctionType(
            self._code, around.globals_, self._code.co_name, defaults or None, tuple(closure)
        )
        if self._keywords:
            made.__kwdefaults__ = {k: one.evaluate(around) for k, one in self._keywords.items()}
        return made


class _Imported:
    """An import of what is loaded already, or of the standard library."""

    def __init__(self, binding: Binding, node: ast.Import | ast.ImportFrom) -> None:
        self.binding = binding
        self.reads: frozenset[str] = frozenset()
        self._node = node
        self._alias = next(
            a for a in node.names if (a.asname or a.name).split(".")[0] == binding.name
        )

    def evaluate(self, around: Around) -> Any:
        node, alias = self._node, self._alias
        if isinstance(node, ast.Import):
            whole = self._module(alias.name)
            return whole if alias.asname else self._module(alias.name.split(".")[0])
        name = "." * node.level + (node.module or "")
        if node.level:
            package = around.globals_.get("__package__") or ""
            try:
                name = importlib.util.resolve_name(name, package)
            except ImportError:
                raise _refusal(self.binding) from None
        module = self._module(name)
        found = vars(module).get(alias.name, _NOTHING)
        if found is _NOTHING:
            raise _refusal(self.binding)
        return found

    def _module(self, name: str) -> ModuleType:
        found = sys.modules.get(name)
        if found is None and name.split(".", maxsplit=1)[0] in sys.stdlib_module_names:
            try:
                found = importlib.import_module(name)
            except ImportError:
                raise _refusal(self.binding) from None
        if not isinstance(found, ModuleType):
            raise _refusal(self.binding)
        return found


def _is_pure(found: object) -> bool:
    return any(found is pure for pure in _PURE)


def _gives_only(base: Any, name: str) -> bool:
    """Tell whether calling the method gives a value and does nothing else."""
    if any(base is owner and name == method for owner, method in _PURE_METHODS):
        return True
    if type(base) in _TEXT:
        return not name.startswith("_") and name not in ("format", "format_map", "join")
    return type(base) in _PLAIN and name in _READING


def _is_plain_class(found: object) -> bool:
    """Tell whether making an instance runs no code of the user's: a bare class, or a dataclass of plain defaults."""
    if type(found) is not type:
        return False
    new: Callable[..., Any] = found.__new__
    if new is not object.__new__:
        return False
    if found.__init__ is object.__init__:  # type: ignore[misc]
        return True
    own = vars(found)
    made = own.get("__init__")
    if "__dataclass_fields__" not in own or not isinstance(made, FunctionType):
        return False
    if made.__code__.co_filename != "<string>" or hasattr(found, "__post_init__"):
        return False
    factories = [f.default_factory for f in own["__dataclass_fields__"].values()]
    return all(f is dataclasses.MISSING or _is_pure(f) for f in factories) and not any(
        "__setattr__" in vars(c) for c in found.__mro__ if c is not object
    )


def _static(found: Any, name: str) -> Any:
    """Give an attribute that is there as such, without running a property or ``__getattr__``."""
    if type(found) is ModuleType:
        return vars(found).get(name, _NOTHING)
    if type(found) is type:
        value = next((vars(c)[name] for c in found.__mro__ if name in vars(c)), _NOTHING)
        return _NOTHING if hasattr(type(value), "__get__") else value
    kind = type(found)
    if any("__getattribute__" in vars(c) for c in kind.__mro__ if c is not object):
        return _NOTHING
    of_class = next((vars(c)[name] for c in kind.__mro__ if name in vars(c)), _NOTHING)
    if type(of_class) is MemberDescriptorType:
        return getattr(found, name, _NOTHING)
    if hasattr(type(of_class), "__set__"):
        return _NOTHING
    space = next((vars(c)["__dict__"] for c in kind.__mro__ if "__dict__" in vars(c)), None)
    if type(space) is not GetSetDescriptorType:
        return _NOTHING
    value = space.__get__(found).get(name, _NOTHING)
    if value is _NOTHING and not hasattr(type(of_class), "__get__"):
        return of_class
    return value


def _look_up(name: str, around: Around) -> Any:
    if name in around.locals_:
        return around.locals_[name]
    if name in around.globals_:
        return around.globals_[name]
    builtins = around.globals_.get("__builtins__", {})
    space = builtins if isinstance(builtins, dict) else vars(builtins)
    return space.get(name, _NOTHING)

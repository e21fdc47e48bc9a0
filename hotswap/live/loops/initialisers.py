"""What a frame lacks, since the edit added it before the loop, and what of that can be made up for.

An initialiser is *pure* when it can only give a value: displays, arithmetic, known constructors and clocks, imports of
what is loaded, nested functions. Each frame gets its own. `evaluate` runs nothing else: no property, no method and no
constructor of the user's.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from hotswap.live.loops import pure
from hotswap.live.loops.harmless import NOTHING
from hotswap.live.loops.model import Refused
from hotswap.source.nodes import mangled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.live.loops.names import Binding


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
        if last.value is not None and pure.is_pure_form(last.value):
            return _Computed(last, last.value)
    in_turn = any(binding.in_turn for binding in mine if binding.certain)
    raise Refused(f"{name} is bound by line {last.line}, which would have to run", in_turn=in_turn)


def _refusal(binding: Binding) -> Refused:
    reason = f"{binding.name} is bound by line {binding.line}, which would have to run"
    return Refused(reason, in_turn=binding.in_turn)


class _Computed:
    """An expression."""

    def __init__(self, binding: Binding, value: ast.expr) -> None:
        self.binding = binding
        self._value = value
        self.reads = frozenset(mangled(name, binding.owner) for name in pure.names_read(value))

    def evaluate(self, around: Around) -> Any:
        def look_up(name: str) -> Any:
            return _look_up(mangled(name, self.binding.owner), around)

        try:
            return pure.evaluate(self._value, look_up, self.binding.owner)
        except pure.NotPureError:
            raise _refusal(self.binding) from None
        except Exception as error:
            name, line = self.binding.name, self.binding.line
            reason = f"{name} would have to be made by line {line}, which raises {error!r}"
            raise Refused(reason, in_turn=self.binding.in_turn) from error


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
        if not pure.is_pure_form(value):
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
        found = vars(module).get(alias.name, NOTHING)
        if found is NOTHING:
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


def _look_up(name: str, around: Around) -> Any:
    if name in around.locals_:
        return around.locals_[name]
    if name in around.globals_:
        return around.globals_[name]
    builtins = around.globals_.get("__builtins__", {})
    space = builtins if isinstance(builtins, dict) else vars(builtins)
    return space.get(name, NOTHING)

"""A module's statements, each with a fingerprint that says nothing of positions.

Everything here is pure: bytes in, records out. Nodes of the syntax tree live as long as one swap; what the ledger
keeps between swaps is bytes and digests.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from hotswap.source.mutations import BodyEffects
from hotswap.source.nodes import DEF, Def, first_line, is_docstring, root
from hotswap.source.scan import PURE_DECORATORS, Scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType

Kind = Literal[
    "def", "class", "import", "assign", "docstring", "expr", "if", "try", "with", "for", "other"
]

ANNOTATIONS_FLAG: Final = 0x1000000
"""CO_FUTURE_ANNOTATIONS (Include/cpython/code.h)."""
LAZY_ANNOTATIONS: Final = sys.version_info >= (3, 14)


def dump(node: ast.AST | Sequence[ast.AST]) -> str:
    """Spell a node, or several, without positions."""
    if isinstance(node, ast.AST):
        return ast.dump(node)
    return "[" + ",".join(ast.dump(n) for n in node) + "]"


class Unit:
    """One statement of a module or class body. Facts are worked out when first asked for."""

    def __init__(self, node: ast.stmt, text: Text, *, owner: str = "", shift: int = 0) -> None:
        self.node = node
        self.text = text
        self.owner = owner
        self.shift = shift
        """Lines between the place of the node, which may be another source's too, and that of this statement."""
        self.line: int = first_line(node) + shift
        self.end: int = (node.end_lineno or node.lineno) + shift

    def __repr__(self) -> str:
        return f"<Unit {self.label} line {self.line}>"

    @cached_property
    def segment(self) -> str:
        """The source lines of the statement; two equal ones have equal fingerprints (one way only)."""
        lines = self.text.lines[self.line - 1 : self.end]
        return "".join(lines).rstrip()

    @cached_property
    def fingerprint(self) -> bytes:
        return hashlib.blake2b(
            ast.dump(self.node).encode("utf-8", "surrogatepass"), digest_size=16
        ).digest()

    @cached_property
    def kind(self) -> Kind:
        node = self.node
        if isinstance(node, DEF):
            return "def"
        if isinstance(node, ast.ClassDef):
            return "class"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return "import"
        if isinstance(node, (ast.Assign, ast.AnnAssign)) or type(node).__name__ == "TypeAlias":
            return "assign"
        if isinstance(node, ast.Expr):
            return "docstring" if is_docstring(node) else "expr"
        if isinstance(node, ast.If):
            return "if"
        if isinstance(node, (ast.Try, ast.TryStar)):
            return "try"
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return "with"
        return "for" if isinstance(node, (ast.For, ast.While)) else "other"

    @cached_property
    def scan(self) -> Scan:
        scan = Scan(future=self.text.future or self.annotated, origins=self.text.origins)
        scan.visit(self.node)
        if not scan.reads_self and self.kind not in ("def", "class", "import"):
            scan.reads_self = any(name in scan.reads for name in scan.binds)
        return scan

    @property
    def binds(self) -> tuple[str, ...]:
        return tuple(self.scan.binds)

    @cached_property
    def annotated(self) -> bool:
        """The statement gives a name a value and says of what type it is: ``rooms: dict[str, Room] = {}``.

        Its value is what the statement makes; `note` is what it says.
        """
        node = self.node
        return (
            isinstance(node, ast.AnnAssign)
            and node.value is not None
            and isinstance(node.target, ast.Name)
        )

    @cached_property
    def single(self) -> bool:
        """The assignment gives its value to one name, and to nothing else."""
        node = self.node
        if isinstance(node, ast.Assign):
            return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        return self.annotated

    @cached_property
    def note(self) -> Unit:
        """What an annotated statement says of its name, as a statement that makes no value."""
        node = self.node
        assert isinstance(node, ast.AnnAssign)
        bare = ast.AnnAssign(node.target, node.annotation, None, node.simple)
        return Unit(ast.copy_location(bare, node), self.text, owner=self.owner, shift=self.shift)

    @cached_property
    def name(self) -> str:
        """What the unit is matched by: a definition's name, an assignment's targets; else empty."""
        node = self.node
        if isinstance(node, (*DEF, ast.ClassDef)):
            return node.name
        if self.kind == "assign":
            if self.binds:
                return ", ".join(self.binds)
            bare = node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(bare, ast.Name):
                return bare.id
            return ", ".join(sorted(f"{a}.{b}" for a, b in self.scan.assigns))
        return ""

    @cached_property
    def label(self) -> str:
        """What the report calls it."""
        if self.name:
            return self.owner + self.name
        if self.kind == "import":
            return f"import {', '.join(self.binds) or '*'}"
        if self.kind == "docstring":
            return "module"
        targets = sorted(self.scan.hard)
        return targets[0] if len(targets) == 1 else f"line {self.line}"

    # -- definitions -----------------------------------------------------------------------------------------------
    @property
    def definition(self) -> Def:
        assert isinstance(self.node, DEF)
        return self.node

    @cached_property
    def head(self) -> tuple[str, ...]:
        """Everything of a function but its body: kind, decorators, arguments, return, type parameters."""
        node = self.definition
        return (
            type(node).__name__,
            dump(node.decorator_list),
            dump(node.args),
            dump(node.returns) if node.returns else "",
            dump(getattr(node, "type_params", [])),
            self.flavour,
        )

    @cached_property
    def flavour(self) -> str:
        """``generator`` or empty: what frameworks ask of a function besides its signature."""
        stack: list[ast.AST] = list(self.definition.body)
        while stack:
            node = stack.pop()
            if isinstance(node, (ast.Yield, ast.YieldFrom)):
                return "generator"
            if not isinstance(node, (*DEF, ast.Lambda, ast.ClassDef)):
                stack.extend(ast.iter_child_nodes(node))
        return ""

    @cached_property
    def impure_decorators(self) -> tuple[str, ...]:
        """Roots of the decorators that may register the function or copy its docstring."""
        found = []
        for node in getattr(self.node, "decorator_list", ()):
            function = node.func if isinstance(node, ast.Call) else node
            last = function.attr if isinstance(function, ast.Attribute) else root(function)
            if last not in PURE_DECORATORS:
                found.append(root(node))
        return tuple(found)

    @cached_property
    def docstring(self) -> str | None:
        node = self.node
        if isinstance(node, (*DEF, ast.ClassDef)):
            return ast.get_docstring(node, clean=False)
        return None

    @cached_property
    def body_effects(self) -> BodyEffects:
        return BodyEffects(self.definition)

    # -- bodies ----------------------------------------------------------------------------------------------------
    @cached_property
    def members(self) -> tuple[Unit, ...]:
        """The statements of a class body."""
        assert isinstance(self.node, ast.ClassDef)
        owner = f"{self.owner}{self.node.name}."
        return tuple(Unit(n, self.text, owner=owner, shift=self.shift) for n in self.node.body)

    @cached_property
    def class_head(self) -> tuple[str, ...]:
        node = self.node
        assert isinstance(node, ast.ClassDef)
        return (
            dump(node.decorator_list),
            dump(node.bases),
            dump([k.value for k in node.keywords]) + repr([k.arg for k in node.keywords]),
            dump(getattr(node, "type_params", [])),
        )

    @cached_property
    def branches(self) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
        """Of an ``if``: the units of its body, and those of its else."""
        assert isinstance(self.node, ast.If)
        return (
            tuple(Unit(n, self.text, owner=self.owner, shift=self.shift) for n in self.node.body),
            tuple(Unit(n, self.text, owner=self.owner, shift=self.shift) for n in self.node.orelse),
        )

    @cached_property
    def test(self) -> ast.expr:
        assert isinstance(self.node, ast.If)
        return self.node.test

    @cached_property
    def skeleton(self) -> str:
        """A block's spelling with the bodies of the functions inside left out."""
        return ast.dump(_Hollow().visit(_copy(self.node)))

    @cached_property
    def hollow(self) -> str:
        """The spelling with the bodies of lambdas left out."""
        called = [a for n in ast.walk(self.node) if isinstance(n, ast.Call) for a in ast.walk(n)]
        if not any(isinstance(n, ast.Lambda) for n in ast.walk(self.node)):
            return self.segment
        if any(isinstance(n, ast.Lambda) for n in called):  # the call may have called it
            return self.segment
        return ast.dump(_HollowLambdas().visit(_copy(self.node)))

    @cached_property
    def value(self) -> ast.expr | None:
        """The right-hand side of an assignment."""
        return self.node.value if isinstance(self.node, (ast.Assign, ast.AnnAssign)) else None

    @cached_property
    def creates(self) -> bool:
        """The assignment makes a new object that nobody else can hold yet."""
        return isinstance(
            self.value,
            (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call),
        )

    @cached_property
    def is_lambda(self) -> bool:
        return isinstance(self.value, ast.Lambda)

    @cached_property
    def stars(self) -> tuple[tuple[int, str], ...]:
        """``(level, module)`` of star imports."""
        node = self.node
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            return ((node.level, node.module or ""),)
        return ()


class _Hollow(ast.NodeTransformer):
    def _empty(self, node: Def) -> Def:
        doc = [n for n in node.body[:1] if is_docstring(n)] if node.decorator_list else []
        node.body = [*doc, ast.Pass()]
        return node

    visit_FunctionDef = _empty
    visit_AsyncFunctionDef = _empty


class _HollowLambdas(ast.NodeTransformer):
    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        node.body = ast.Constant(None)
        return node


def _copy(node: ast.stmt) -> ast.stmt:
    from copy import deepcopy

    return deepcopy(node)


class Text:
    """One module's source, parsed and compiled as Python does both: BOM, coding cookie, line ends, form feeds.

    Raises:
        SyntaxError: The bytes do not compile.
    """

    def __init__(self, filename: str, data: bytes) -> None:
        self.filename = filename
        self.data = data
        self.shifts: dict[int, int] = {}
        """id(node) -> lines that a statement stands lower than its node says (source/sharing.py)."""
        self._warned = False

    @cached_property
    def tree(self) -> ast.Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return ast.parse(self.data, self.filename)
            except ValueError as error:  # null bytes (3.11)
                raise SyntaxError(str(error), (self.filename, 1, 0, "")) from None

    def forget(self) -> None:
        """Drop the units, which refer to this text: the collector need not find that circle (30 ms at 10,000 lines)."""
        self.__dict__.pop("units", None)

    def check(self) -> None:
        """Compile; raises SyntaxError for what Python would refuse."""
        _ = self.code

    @cached_property
    def code(self) -> CodeType:
        with warnings.catch_warnings(action="always", record=True) as said:
            code: CodeType = compile(self.tree, self.filename, "exec", dont_inherit=True)
        self._warned = bool(said)
        return code

    @property
    def warns(self) -> bool:
        """Compiling it, or a statement of it, gives warnings."""
        _ = self.code
        return self._warned

    @cached_property
    def string(self) -> str:
        from importlib.util import decode_source

        return decode_source(self.data)

    @cached_property
    def lines(self) -> list[str]:
        """Source lines as the tokenizer counts them: form feeds and the like do not end a line."""
        return [line + "\n" for line in self.string.split("\n")]

    @cached_property
    def flags(self) -> int:
        """The compiler flags that ``from __future__`` statements of this file set."""
        import __future__

        named = 0
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    named |= getattr(__future__, alias.name).compiler_flag
        return named

    @cached_property
    def future(self) -> bool:
        """Annotations are not evaluated."""
        return LAZY_ANNOTATIONS or bool(self.flags & ANNOTATIONS_FLAG)

    @cached_property
    def origins(self) -> dict[str, str]:
        """Local name -> dotted name it stands for, by the imports at top level."""
        found: dict[str, str] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname:
                        found[alias.asname] = alias.name
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        return tuple(Unit(n, self, shift=self.shifts.get(id(n), 0)) for n in self.tree.body)

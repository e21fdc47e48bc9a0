"""What one JavaScript file is made of: imports, units, the parts of classes, statements with the functions in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hotswap.web.javascript.tree import SyntaxFault, shape, text

if TYPE_CHECKING:
    from tree_sitter import Node


Kind = Literal["function", "held", "class", "literal", "const", "let", "var"]
"""``held``: a variable whose value is a function expression."""


@dataclass(frozen=True, slots=True)
class Member:
    """A method, an accessor, or a field that holds an arrow function."""

    key: str
    """Unique in its class: ``say``, ``static get #size``, ``=handle`` for a field."""
    node: Node
    name: Node
    function: Node
    """The node with ``body`` and ``parameters``: the method itself, or the field's arrow function."""

    @property
    def is_static(self) -> bool:
        """Whether it belongs to the class itself."""
        return any(child.type == "static" for child in self.node.children)

    @property
    def access(self) -> Literal["get", "set", "value"]:
        """Which slot of the property's descriptor it fills."""
        kinds = {child.type for child in self.node.children}
        return "get" if "get" in kinds else "set" if "set" in kinds else "value"

    @property
    def is_constructor(self) -> bool:
        """Whether ``new`` runs it."""
        return self.key == "constructor"

    @property
    def is_field(self) -> bool:
        """Whether it is made anew for each instance."""
        return self.key.startswith("=")


@dataclass(frozen=True, slots=True)
class ClassParts:
    """A class, taken apart."""

    node: Node
    body: Node
    members: dict[str, Member]
    derived: bool
    plain: bool
    """Has no instance fields and no private instance methods: nothing is set up between super() and the body."""

    def same_shape(self, other: ClassParts) -> bool:
        """Say whether only methods differ: all else of a class can only be changed by defining it anew."""
        return text(self.node) == text(other.node) or _class_shape(self) == _class_shape(other)


def _class_shape(parts: ClassParts) -> str:
    """Spell a class without its methods, which may come and go.

    A field, even one that holds a function, is part of what an instance is.
    """
    methods = {member.node.id for member in parts.members.values()}
    head = [shape(child) for child in parts.node.children if child.id != parts.body.id]
    fields = [
        shape(child)
        for child in parts.body.named_children
        if child.id not in methods and child.type != "comment"
    ]
    arrows = [member.key for member in parts.members.values() if member.is_field]
    return "\3".join([*head, "|", *fields, "|", *arrows])


@dataclass(frozen=True, slots=True)
class Unit:
    """One top-level binding."""

    kind: Kind
    name: str
    node: Node
    """The declaration or the declarator."""
    exported: Literal["", "named", "default"] = ""
    function: Node | None = None
    parts: ClassParts | None = None
    value: Node | None = None
    keyword: Node | None = None
    """The ``const`` of a literal, which is served as ``let``."""

    @property
    def line(self) -> int:
        """The line it begins on, from 0."""
        return self.node.start_point[0]


@dataclass(frozen=True, slots=True)
class Import:
    """One ``import`` (or ``export ... from``). `names` are (imported, local) pairs; None for a re-export."""

    source: str
    node: Node
    """The string literal."""
    names: tuple[tuple[str, str], ...] | None
    attributes: bool = False
    again: tuple[tuple[str, str], ...] = ()
    """Of a re-export: (imported, exported) pairs; ``export *`` is ``("*", "")``."""


@dataclass(frozen=True, slots=True)
class Group:
    """A statement or initialiser that ran once, with the functions in it that live on."""

    node: Node
    functions: tuple[Node, ...]

    def same_shape(self, other: Group) -> bool:
        """Say whether only the insides of `functions`, spaces and comments differ.

        Worked out on demand: spelling the shapes of a large library takes seconds, and nobody edits it.
        """
        if text(self.node) == text(other.node):
            return True
        return shape(self.node, self.functions) == shape(other.node, other.functions)


@dataclass(slots=True)
class Module:
    """One version of one file."""

    source: bytes
    digest: str
    fault: SyntaxFault | None = None
    units: dict[str, Unit] = field(default_factory=dict)
    statements: list[Node] = field(default_factory=list)
    """Top-level statements that declare no unit, in order."""
    imports: list[Import] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    """By unit name, or ``@3`` for the fourth statement."""
    exports: dict[str, str] = field(default_factory=dict)
    """By exported name: the unit it is, or the import; ``export ... from`` is not among them."""
    is_module: bool = False
    """Whether the syntax says so: import, export or import.meta."""
    duplicate: str = ""
    accepts_itself: bool = False
    accepts: tuple[str, ...] = ()
    """Dependencies named in ``import.meta.hot.accept("./dep.js", ...)``."""
    root: Node | None = None

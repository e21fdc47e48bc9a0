"""What a swap knows of the definitions that run again, and what grafting did to those that live."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, FunctionType
    from typing import Any

    from hotswap.source.diff import ClassDelta

Place = tuple[str, str]
"""(module, qualname) of a class."""


@dataclass(slots=True, eq=False)
class Told:
    """What the statements say of definitions, so that grafting can tell the program's own doing from the source's."""

    deltas: dict[Place, ClassDelta] = field(default_factory=dict)
    """Of classes that ran again."""
    redecorated: set[Place] = field(default_factory=set)
    """Classes whose decorators changed: what the old ones put there goes."""
    emptied: set[Place] = field(default_factory=set)
    """Classes that are filled anew from outside their body."""
    refilled: dict[Place, frozenset[str]] = field(default_factory=dict)
    """The attributes of such classes that outside statements fill."""
    keep_defaults: dict[str, frozenset[str]] = field(default_factory=dict)
    """Qualname -> parameters whose default expression did not change: gathered data in them is state."""
    closures: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """id(function) -> records of what its free variables held when its statement had made it."""
    codes_before: dict[int, CodeType] = field(default_factory=dict)
    """id(function) -> the code it ran before this swap patched it."""


@dataclass(slots=True, eq=False)
class Changed:
    """Functions and classes that kept their identity and are others now: who follows them asks."""

    shaped: list[type] = field(default_factory=list)
    """Classes that have another shape."""
    attributes: set[tuple[int, str]] = field(default_factory=set)
    """``(id(class), name)`` of the attributes that classes got, lost or have another value of; ``"*"``: any."""
    resigned: list[FunctionType] = field(default_factory=list)
    """Functions that have another signature."""
    redefaulted: list[FunctionType] = field(default_factory=list)
    """Functions whose defaults have other values: calling them gives something else, as with a new body."""
    forwarding: set[int] = field(default_factory=set)
    """ids of functions that forward to another one."""
    abandoned: set[int] = field(default_factory=set)
    """ids of functions that others forwarded to, which do something else now: tables of the swap alone hold them."""
    orphans: dict[int, str] = field(default_factory=dict)
    """id of a subclass of a replaced class that could not be given the new base -> what to say of it."""
    models: list[Any] = field(default_factory=list)
    """Pydantic models that were built anew, in this order."""

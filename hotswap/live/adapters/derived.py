"""What FastAPI worked out when a route was made, and works out again when a signature or a model behind it changed.

A route asks its endpoint, and all that stands in ``Depends(...)``, for parameters once: the tree of `Dependant`s. It
makes validators of the models it names once, too. A dependency may reach a route on ways that no statement of the
route's module shows (an alias of ``Annotated[.., Depends(f)]``, a callable instance, a parameter of another
dependency), so this looks at the trees themselves, not at statements.
"""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.looking import class_dict, instance_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from hotswap.live.journal import Journal

DEPTH: Final = 16
"""Wrappers around a callable, routers in routers: deep enough for any, finite for a cycle."""
FIELDS: Final = ("response_field", "body_field", "stream_item_field")
LISTS: Final = ("path_params", "query_params", "header_params", "cookie_params", "body_params")


@dataclass(slots=True)
class Changed:
    """What kept its identity in this swap and is called, or validates, otherwise than before."""

    functions: dict[int, int]
    """ids of functions with another signature, each with its place in the order of what changed."""
    classes: set[int]
    """ids of classes with another shape."""
    fresh: AbstractSet[int]
    """ids of what was made of a changed function in this swap, or of its ``vars()``."""
    _known: dict[int, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[object], fresh: AbstractSet[int] = frozenset()) -> Changed:
        """Sort functions and classes apart."""
        every = list(objects)
        return cls(
            {id(o): place for place, o in enumerate(every) if type(o) is types.FunctionType},
            {id(o) for o in every if issubclass(type(o), type)},
            fresh,
        )

    def since(self, dependant: Any) -> int:
        """Give the place from which on a route has not asked what changed.

        If the statement of its endpoint ran, it asked the new function, and what had changed before that.
        """
        if id(dependant) in self.fresh or id(instance_dict(dependant)) in self.fresh:
            return self.functions.get(id(dependant.call), -1) + 1
        return 0

    def called(self, call: Any, since: int = 0) -> bool:
        """Say whether calling `call` takes other arguments now, by a change at that place or behind it."""
        for _ in range(DEPTH):
            if call is None:
                return False
            kind = type(call)
            if kind is types.FunctionType:
                if self.functions.get(id(call), -1) >= since:
                    return True
                call = call.__dict__.get("__wrapped__")
            elif kind is types.MethodType:
                call = call.__func__
            elif kind is functools.partial:
                call = call.func
            else:
                cls = call if issubclass(kind, type) else kind
                return any(id(base) in self.classes for base in cls.__mro__)
        return False

    def mentioned(self, annotation: Any, depth: int = 0) -> bool:
        """Say whether a type holds a changed class: as an argument, a member of a union, a field of a model."""
        if depth > DEPTH:
            return False
        key = id(annotation)
        if issubclass(type(annotation), type) and not typing.get_args(annotation):
            if key not in self._known:
                self._known[key] = key in self.classes  # of a recursive model: seen, not yet known
                self._known[key] = self._known[key] or any(
                    self.mentioned(inner, depth + 1) for inner in _inside(annotation)
                )
            return self._known[key]
        if id(typing.get_origin(annotation)) in self.classes:
            return True
        inner = [*typing.get_args(annotation)]
        inner += [getattr(annotation, n, None) for n in ("__value__", "__supertype__")]
        return any(self.mentioned(part, depth + 1) for part in inner if not _is_plain(part))


def _is_plain(part: Any) -> bool:
    return part is None or isinstance(part, (str, bytes, int, float, bool, types.EllipsisType))


def _inside(cls: type) -> Iterator[Any]:
    """Give what the fields of a model, dataclass, named tuple or typed dict are annotated with, and its bases."""
    yield from cls.__bases__ if cls is not object else ()
    for base in cls.__mro__:
        own = class_dict(base)
        fields = own.get("__pydantic_fields__")
        if type(fields) is dict:
            yield from (info.annotation for info in fields.values())
        elif "__dataclass_fields__" in own or "__total__" in own or "_fields" in own:
            yield from _hints(base)


def _hints(cls: type) -> Iterator[Any]:
    """Give what a class's fields are annotated with, annotations that are text looked up as pydantic does."""
    try:
        yield from typing.get_type_hints(cls, include_extras=True).values()
    except Exception:  # noqa: BLE001 -- a name that only type checkers know; anything may be raised by user's code
        yield from class_dict(cls).get("__annotations__", {}).values()


def outdated(route: Any, changed: Changed) -> bool:
    """Say whether a route was made of something that changed."""
    own = vars(route)
    dependant = own.get("dependant")
    if dependant is not None and _asks(dependant, changed, changed.since(dependant), 0):
        return True
    fields = [own.get(name) for name in FIELDS] + [*own.get("response_fields", {}).values()]
    return any(changed.mentioned(info.field_info.annotation) for info in fields if info is not None)


def _asks(dependant: Any, changed: Changed, since: int, depth: int) -> bool:
    if depth > DEPTH:
        return False
    if changed.called(dependant.call, since):
        return True
    for name in LISTS:
        for info in getattr(dependant, name, ()):
            if changed.mentioned(info.field_info.annotation):
                return True
    return any(_asks(inner, changed, since, depth + 1) for inner in dependant.dependencies)


def renew(route: Any, made_by: type, journal: Journal) -> None:
    """Let a route ask its endpoint, dependencies and models again.

    Args:
        route: It keeps its identity, and its `Dependant`, which its ASGI app holds.
        made_by: FastAPI's own class of route, whose constructor tells all anew.
        journal: Takes every undo.

    Raises:
        Exception: Whatever FastAPI, or pydantic, says against the new signature.
    """
    own = vars(route)
    fresh: Any = made_by(**{name: own[name] for name in _parameters(made_by) if name in own})
    dependant, made = own["dependant"], fresh.dependant
    for name in type(dependant).__dataclass_fields__:
        if name != "call":  # integrations wrap it
            journal.setattr(dependant, name, getattr(made, name))
    for name in ("_embed_body_fields", "body_field", *FIELDS, "response_fields"):
        now = vars(fresh).get(name)
        if name in own and (now is not None or name == "body_field"):
            journal.setattr(route, name, now)


@functools.cache
def _parameters(made_by: type) -> tuple[str, ...]:
    from inspect import signature

    return tuple(signature(made_by).parameters)


def routes_below(router: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Give each router below an app or router, itself included, with its routes."""
    seen: set[int] = set()
    waiting = [router]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or not hasattr(one, "__dict__"):
            continue
        seen.add(id(one))
        own = vars(one)
        inner = own.get("router", one)
        routes = [*vars(inner).get("routes", ())]
        waiting += [
            vars(route)[name]
            for route in routes
            for name in ("original_router", "app")
            if hasattr(route, "__dict__") and "endpoint" not in vars(route) and name in vars(route)
        ]
        callbacks = [c for r in routes for c in (getattr(r, "callbacks", None) or ())]
        if routes:
            yield one, routes + callbacks

"""What an ASGI app ran when it started: its lifespan functions and startup handlers."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType


def starters(router: Any) -> list[Any]:
    """Give the user's functions that ran at start-up: lifespans (merged ones taken apart), then startup handlers."""
    context = vars(router).get("lifespan_context")
    return [*_leaves(context), *vars(router).get("on_startup", ())]


def _leaves(context: Any) -> list[Any]:
    """Take a lifespan apart that FastAPI merged of an app's and its routers' (``_merge_lifespan_context``)."""
    if context is None or type(context).__name__ == "_DefaultLifespan":
        return []
    merged = _merged(context)
    if merged is not None:
        return [leaf for part in merged for leaf in _leaves(part)]
    return [context]


def _merged(context: Any) -> tuple[Any, Any] | None:
    """Give the two halves of a merged lifespan, outer first; None when it is none."""
    inner = innermost_function(context)
    if inner is None or not inner.__qualname__.startswith("_merge_lifespan_context."):
        return None
    cells = dict(zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True))
    return cells["original_context"].cell_contents, cells["nested_context"].cell_contents


def innermost(context: Any) -> Any:
    """Give the lifespan that the constructor was given, before routers' were merged into it."""
    merged = _merged(context)
    return context if merged is None else innermost(merged[0])


def innermost_function(function: Any) -> types.FunctionType | None:
    """Follow ``__wrapped__`` (``asynccontextmanager``) and bound methods to the function that the user wrote."""
    for _ in range(16):
        if isinstance(function, types.MethodType):
            function = function.__func__
        if not isinstance(function, types.FunctionType):
            return None
        wrapped = function.__dict__.get("__wrapped__")
        if wrapped is None:
            return function
        function = wrapped
    return None


def code_of(function: Any) -> CodeType | None:
    """Give the code object of the user's own function behind a lifespan or handler."""
    inner = innermost_function(function)
    return inner.__code__ if inner is not None else None


def of_framework(function: Any, prefixes: tuple[str, ...]) -> bool:
    """Say whether a handler is one of the framework's own."""
    inner = innermost_function(function)
    return inner is not None and inner.__module__.startswith(prefixes)

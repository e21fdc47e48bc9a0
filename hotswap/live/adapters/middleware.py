"""The middleware stack of a running ASGI app: made anew when its recipe changed, its layers' state kept."""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import CodeType


def recipe(app: Any) -> list[Any] | None:
    """Give what ``build_middleware_stack`` reads of an app; None for a router."""
    own = vars(app)
    if "user_middleware" not in own:
        return None
    return [
        list(own["user_middleware"]),
        dict(own["exception_handlers"]),
        own.get("debug"),
        own.get("max_body_size"),
    ]


def _parts(entry: Any) -> tuple[Any, Any, Any]:
    """Give class, arguments and keyword arguments of a ``Middleware`` entry (older releases have no ``args``)."""
    own = vars(entry)
    return own["cls"], own.get("args", ()), own.get("kwargs", own.get("options", {}))


def _equal(one: Any, other: Any) -> bool:
    """Compare two middleware entries; arguments that cannot be compared count as changed."""
    mine, theirs = _parts(one), _parts(other)
    if mine[0] is not theirs[0]:
        return False
    try:
        return bool(mine[1] == theirs[1] and mine[2] == theirs[2])
    except Exception:  # noqa: BLE001 -- an argument's own __eq__ (numpy, LocalProxy) may raise anything
        return False


def unchanged(before: list[Any] | None, now: list[Any] | None) -> bool:
    """Say whether the stack that runs is the one the app would build."""
    if before is None or now is None or len(before[0]) != len(now[0]):
        return False
    return (
        all(_equal(one, other) for one, other in zip(before[0], now[0], strict=True))
        and before[1].keys() == now[1].keys()
        and all(handler is now[1][kind] for kind, handler in before[1].items())
        and before[2:] == now[2:]
    )


def edited(app: Any, replaced: Mapping[CodeType, CodeType]) -> list[Any]:
    """Give the middleware factories (classes, functions) whose constructor has a new body."""
    found = []
    news = set(replaced.values())
    for entry in vars(app)["user_middleware"]:
        cls = _parts(entry)[0]
        maker = inspect.getattr_static(cls, "__init__") if isinstance(cls, type) else cls
        # the function runs the new body already: it is looked up among the values
        if isinstance(maker, types.FunctionType) and maker.__code__ in news:
            found.append(cls)
    return found


def restack(app: Any, old: Any, before: Any, fresh: Collection[Any] = ()) -> None:
    """Give a running app its stack: the old one when nothing changed, else a new one with the old layers' state.

    It is built at once, so that a constructor that raises undoes the swap instead of failing the next request.

    Args:
        before: `recipe` before the swap, or None to build in any case.
        fresh: Middleware classes that do not keep their state, because their constructor changed.
    """
    if unchanged(before, recipe(app)):
        app.middleware_stack = old
        return
    new = app.build_middleware_stack()
    _keep_state(old, new, fresh)
    app.middleware_stack = new


def _layers(stack: Any) -> list[Any]:
    """Give the objects of a stack from the outside in; each refers to the next as ``app``."""
    found: list[Any] = []
    while hasattr(stack, "__dict__") and "app" in vars(stack) and len(found) < 256:
        found.append(stack)
        stack = vars(stack)["app"]
    return found


def _keep_state(old: Any, new: Any, fresh: Collection[Any]) -> None:
    """Carry counters, caches and connections of the user's middleware over into the layers that replace them."""
    spare: dict[type, list[Any]] = {}
    for layer in _layers(old):
        spare.setdefault(type(layer), []).append(layer)
    for layer in _layers(new):
        kind = type(layer)
        if not spare.get(kind):
            continue
        was = spare[kind].pop(0)
        if kind in fresh or kind.__module__.partition(".")[0] in {"starlette", "fastapi"}:
            continue
        for name, value in vars(was).items():
            mine = vars(layer).get(name)
            if name != "app" and (name not in vars(layer) or _is_state(value, mine)):
                vars(layer)[name] = value


def _is_state(was: Any, now: Any) -> bool:
    """Say whether a layer's attribute is state (a container, an object) and not an argument of its constructor."""
    if type(was) is not type(now):
        return False
    plain = (str, bytes, bool, float, tuple, frozenset, type(None))
    return not (isinstance(was, plain) or callable(was))

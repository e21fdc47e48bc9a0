"""FastAPI and APIRouter objects: Starlette's, and what FastAPI derives from routes, models and functions.

Since 0.16x an included router is referred to (``_IncludedRouter``, cached by ``_routes_version``); before, its routes
were copied. Both are handled: see `FastAPIAdapter.copies`.
"""

from __future__ import annotations

import functools
import gc
import itertools
import sys
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters import derived
from hotswap.live.adapters.base import Refused
from hotswap.live.adapters.entries import Shelf
from hotswap.live.adapters.starlette import (
    StarletteAdapter,
    Token,
    by_user,
    route_key,
    router_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from types import CodeType

    from hotswap.live.adapters.base import Ran
    from hotswap.live.journal import Journal


_versions = itertools.count(1_000_000)
"""Never the same twice: a cache may have seen the version of a swap that was rolled back."""


class FastAPIAdapter(StarletteAdapter):
    """Path operations, included routers, webhooks, OpenAPI and the caches behind them."""

    module = "fastapi"

    def __init__(self) -> None:
        super().__init__()
        from fastapi import APIRouter, FastAPI, routing

        self._types = (FastAPI, APIRouter)
        self._apps = (FastAPI,)
        self._routing = routing
        self._caches: tuple[int, list[Any]] = (0, [])

    def copies(self, obj: Any = None) -> bool:
        """Say whether this release copies an included router's routes (FastAPI before ``_IncludedRouter``)."""
        if hasattr(self._routing, "_IncludedRouter"):
            return False
        return not issubclass(type(obj), self._apps)

    def in_place(self, obj: Any, token: Token, ran: Ran) -> bool:
        """A router that is copied must be complete when the including statement runs, before anything is settled."""
        return not self.copies(obj) and super().in_place(obj, token, ran)

    def parts(self, obj: Any) -> list[Any]:
        """Give app, router and webhooks: each keeps its identity."""
        found = super().parts(obj)
        webhooks = vars(obj).get("webhooks")
        return found if webhooks is None else [*found, webhooks]

    def shelves(self, obj: Any) -> list[Shelf]:
        """Add the webhooks to what Starlette has."""
        routes, stack, *handlers = super().shelves(obj)
        webhooks = vars(obj).get("webhooks")
        hooks = [] if webhooks is None else vars(webhooks)["routes"]
        return [routes, stack, *handlers, Shelf(hooks, route_key, by_user)]

    def restore_defaults(self, obj: Any) -> None:
        """Put FastAPI's own exception handlers back where the user's went away."""
        handlers = vars(obj).get("exception_handlers")
        if handlers is not None:
            for kind, handler in self._defaults.items():
                handlers.setdefault(kind, handler)

    @functools.cached_property
    def _defaults(self) -> dict[Any, Any]:
        from fastapi import FastAPI

        return dict(FastAPI().exception_handlers)

    def reset(self, obj: Any) -> None:
        """Leave only docs and openapi routes and the default handlers."""
        for part in (router_of(obj), vars(obj).get("webhooks")):
            if part is not None and "_low_priority_routes" in vars(part):
                vars(part)["_low_priority_routes"][:] = []
                vars(part)["_frontend_routes"] = None
        super().reset(obj)
        self.restore_defaults(obj)

    def checkpoint(self, obj: Any, journal: Journal) -> Token:
        """Remember frontend routes too: they lie one level deeper."""
        for part in self.parts(obj):
            group = vars(part).get("_frontend_routes")
            if group is not None:
                journal.content(vars(group)["routes"])
        return super().checkpoint(obj, journal)

    def _take(self, mine: Any, theirs: Any, twins: Mapping[int, Any]) -> None:
        """Keep telemetry that is in use."""
        telemetry = vars(mine).get("_native_telemetry")
        same = vars(mine).get("_telemetry") == vars(theirs).get("_telemetry")
        super()._take(mine, theirs, twins)
        if telemetry is not None and same:
            vars(mine)["_native_telemetry"] = telemetry

    def renewed(self, obj: Any) -> None:
        """Routes or app arguments changed: versions grow, the schema is made anew when asked for."""
        for part in self.parts(obj):
            if "_routes_version" in vars(part):
                vars(part)["_routes_version"] = next(_versions)
        if "openapi_schema" in vars(obj):
            obj.openapi_schema = None
        self.forget()

    def patched(
        self, objs: Sequence[Any], replaced: Mapping[CodeType, CodeType], journal: Journal
    ) -> None:
        """Lines of endpoints moved, functions may have changed kind: forget what FastAPI found out about them."""
        super().patched(objs, replaced, journal)
        news = set(replaced.values())
        for obj in objs:
            stale = [
                route for route in vars(router_of(obj))["routes"] if _handler_edited(route, news)
            ]
            if stale:
                journal.undo(functools.partial(self.renewed, obj))
                for route in stale:
                    journal.setattr(route, "app", self._wrapped(route))
                self.renewed(obj)
        self.forget()

    def reshaped(
        self,
        objs: Sequence[Any],
        changed: Sequence[object],
        journal: Journal,
        fresh: AbstractSet[int],
    ) -> None:
        """Routes that asked a signature, or made validators of a model, which is another now: they ask again."""
        what = derived.Changed.of(changed, fresh)
        self.forget()
        kinds = (self._routing.APIRoute, self._routing.APIWebSocketRoute)
        stale: dict[int, Any] = {}
        seen: set[int] = set()  # a router is one of `objs`, and below the app that includes it
        for obj in objs:
            for router, routes in derived.routes_below(obj):
                for route in [r for r in routes if id(r) not in seen]:
                    seen.add(id(route))
                    kind = next((k for k in kinds if issubclass(type(route), k)), None)
                    if kind is not None and derived.outdated(route, what):
                        stale[id(router)] = router
                        self._renew(route, kind, journal)
        for router in stale.values():
            journal.undo(functools.partial(self.renewed, router))
            self.renewed(router)
        if stale:
            for obj in objs:
                self.renewed(obj)

    def _renew(self, route: Any, kind: type, journal: Journal) -> None:
        try:
            derived.renew(route, kind, journal)
            if kind is self._routing.APIRoute:
                journal.setattr(route, "app", self._wrapped(route))
        except Exception as error:
            raise Refused(f"{vars(route).get('path')}: {type(error).__name__}: {error}") from error

    def _wrapped(self, route: Any) -> Any:
        """Make a route's ASGI app as ``APIRoute.__init__`` does: its class's ``get_route_handler`` has a new body."""
        app = self._routing.request_response(route.get_route_handler())
        limit = getattr(self._routing, "wrap_app_with_body_limit", None)
        return app if limit is None else limit(app, vars(route).get("max_body_size"))

    def class_changed(self, classes: Sequence[type]) -> None:
        """Forget model fields and schemas made of the old shape, in every live app."""
        if not classes:
            return
        self.forget()
        for obj in gc.get_objects():
            if issubclass(type(obj), self._apps) and "openapi_schema" in vars(obj):
                obj.openapi_schema = None

    def forget(self) -> None:
        """Clear FastAPI's lru_caches keyed by functions and classes, and the table keyed by ``id(function)``."""
        if self._caches[0] != len(sys.modules):  # else no part of FastAPI was imported meanwhile
            loaded = [m for name, m in list(sys.modules.items()) if name.startswith("fastapi.")]
            kind = type(functools.lru_cache(len))
            found = {id(v): v for m in loaded for v in vars(m).values() if type(v) is kind}
            self._caches = (len(sys.modules), list(found.values()))
        for cache in self._caches[1]:
            cache.cache_clear()
        vars(self._routing).get("_endpoint_context_cache", {}).clear()


def _handler_edited(route: Any, news: set[CodeType]) -> bool:
    """Say whether the route is of a class of the user's whose ``get_route_handler`` was edited."""
    for cls in type(route).__mro__:
        handler = cls.__dict__.get("get_route_handler")
        if handler is not None:
            return getattr(handler, "__code__", None) in news
    return False

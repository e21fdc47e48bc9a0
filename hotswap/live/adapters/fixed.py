"""Frameworks whose registries cannot be changed once they run: bodies are patched, all else goes to exec, and says so.

Litestar compiles handlers into a routing trie, aiohttp freezes router and middleware when the server starts, Celery
hands tasks to workers that run already, Sanic takes its routes apart before it adds one, and leaves them so when it
cannot. Better a restart than an app that is half old and half new.
"""

# ruff: noqa: ARG002 -- the protocol's signatures

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Adapter, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotswap.live.adapters.base import Ran
    from hotswap.live.journal import Journal


class FixedAdapter(Adapter):
    """Owns the registries of one framework and refuses to change them.

    Args:
        module: The import that brings the framework in.
        types: ``module:Class`` of each kind of registry; those that a release lacks are left out.
        reason: Why they cannot be changed, with the framework's name.
        bases: ``module:Class`` whose subclasses are registries themselves (a controller's class attributes).
    """

    state: frozenset[str] = frozenset({"state", "conf", "config", "ctx"})

    def __init__(
        self, module: str, types: Sequence[str], reason: str, bases: Sequence[str] = ()
    ) -> None:
        self.module = module
        self._reason = reason
        self._names = (types, bases)
        self._looked = 0
        self._types: tuple[type, ...] = ()
        self._bases: tuple[type, ...] = ()

    def _look(self) -> None:
        """Find the classes among the modules that the app has imported, never importing more."""
        if self._looked != len(sys.modules):
            self._looked = len(sys.modules)
            self._types, self._bases = (tuple(_imported(names)) for names in self._names)

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is one of the registries."""
        self._look()
        if issubclass(type(obj), type):
            mro = type.__dict__["__mro__"].__get__(obj)
            if any(base in self._bases for base in mro[1:]):
                return True
        return issubclass(type(obj), self._types)

    def fixed(self, obj: Any) -> str:
        """Give the reason."""
        return self._reason

    def checkpoint(self, obj: Any, journal: Journal) -> None:
        """There is nothing to remember: nothing will be changed."""

    def in_place(self, obj: Any, token: Any, ran: Ran) -> bool:
        """Refuse."""
        raise Refused(self._reason)

    def reset(self, obj: Any) -> None:
        """Refuse."""
        raise Refused(self._reason)

    def adopt(self, old: Any, new: Any, token: Any, journal: Journal) -> None:
        """Refuse."""
        raise Refused(self._reason)

    def settle(self, obj: Any, token: Any, ran: Ran) -> bool:
        """Refuse."""
        raise Refused(self._reason)

    def copies(self, obj: Any = None) -> bool:
        """Routes are copied into the frozen app."""
        return True


def _imported(names: Sequence[str]) -> Iterator[type]:
    """Give the classes of these names whose modules have been imported."""
    for spelled in names:
        home, _, name = spelled.partition(":")
        kind = vars(sys.modules[home]).get(name) if home in sys.modules else None
        if isinstance(kind, type):
            yield kind


def aiohttp() -> FixedAdapter:
    """Give the adapter of aiohttp's server side."""
    return FixedAdapter(
        "aiohttp.web",
        (
            "aiohttp.web_app:Application",
            "aiohttp.web_routedef:RouteTableDef",
            "aiohttp.web_urldispatcher:UrlDispatcher",
        ),
        "aiohttp freezes an application's routes and middleware when it starts",
    )


def litestar() -> FixedAdapter:
    """Give the adapter of Litestar."""
    return FixedAdapter(
        "litestar",
        (
            "litestar.app:Litestar",
            "litestar.router:Router",
            "litestar.handlers.base:BaseRouteHandler",
        ),
        "Litestar compiles its handlers when the application is made",
        ("litestar.controller:Controller",),
    )


def sanic() -> FixedAdapter:
    """Give the adapter of Sanic."""
    return FixedAdapter(
        "sanic.app",
        ("sanic.app:Sanic", "sanic.blueprints:Blueprint", "sanic.blueprint_group:BlueprintGroup"),
        "Sanic takes a route once only, and does not forget one",
    )


def celery() -> FixedAdapter:
    """Give the adapter of Celery."""
    return FixedAdapter(
        "celery.app",
        ("celery.app.base:Celery", "celery.app.task:Task", "celery.local:PromiseProxy"),
        "Celery's workers were told the tasks when they started",
    )


def fasthtml() -> FixedAdapter:
    """Give the adapter of FastHTML."""
    return FixedAdapter(
        "fasthtml.core",
        ("fasthtml.core:FastHTML", "fasthtml.core:APIRouter"),
        "FastHTML wraps its handlers, and its routes do not tell which one is whose",
    )

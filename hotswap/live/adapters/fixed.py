"""Frameworks whose registries cannot be changed once they run: bodies are patched, all else goes to exec, and says so.

Litestar compiles handlers into a routing trie, aiohttp freezes router and middleware when the server starts, Celery
hands tasks to workers that run already. Better a restart than an app that is half old and half new.
"""

# ruff: noqa: ARG002 -- the protocol's signatures

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Adapter, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.live.adapters.base import Ran
    from hotswap.live.journal import Journal


class FixedAdapter(Adapter):
    """Owns the registries of one framework and refuses to change them.

    Args:
        module: The import that brings the framework in.
        types: ``module:Class`` of each kind of registry; those that a release lacks are left out.
        reason: Why they cannot be changed, with the framework's name.
    """

    state: frozenset[str] = frozenset({"state", "conf"})

    def __init__(self, module: str, types: Sequence[str], reason: str) -> None:
        self.module = module
        self._names = types
        self._reason = reason
        self._found: tuple[int, tuple[type, ...]] = (0, ())

    def _types(self) -> tuple[type, ...]:
        """Find the classes among the modules that the app has imported, never importing more."""
        if self._found[0] != len(sys.modules):
            found = []
            for spelled in self._names:
                home, _, name = spelled.partition(":")
                kind = getattr(sys.modules.get(home), name, None)
                if isinstance(kind, type):
                    found.append(kind)
            self._found = (len(sys.modules), tuple(found))
        return self._found[1]

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is one of the registries."""
        return issubclass(type(obj), self._types())

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

    def copies(self) -> bool:
        """Routes are copied into the frozen app."""
        return True


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
    )


def celery() -> FixedAdapter:
    """Give the adapter of Celery."""
    return FixedAdapter(
        "celery.app",
        ("celery.app.base:Celery", "celery.app.task:Task", "celery.local:PromiseProxy"),
        "Celery's workers were told the tasks when they started",
    )

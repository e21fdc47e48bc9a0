"""Where the wire enters: asyncio's and uvloop's loops, uvicorn's tables of protocols.

uvicorn and uvloop are patched when they are imported, so that a program without them does not pay for them.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from hotswap.wire import reloaders
from hotswap.wire.bound import follow_bound
from hotswap.wire.datagrams import follow_datagrams
from hotswap.wire.foreign import Foreign
from hotswap.wire.listeners import patch_loop
from hotswap.wire.protocols import Protocols, Secured
from hotswap.wire.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from hotswap.wire.registry import Registry


class _WhenImported(importlib.abc.MetaPathFinder):
    """Calls a function with a module when it has been imported."""

    def __init__(self, patches: dict[str, Callable[[Any], None]]) -> None:
        self._patches = patches
        self._asking: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        patch = self._patches.get(fullname)
        if patch is None or fullname in self._asking:
            return None
        self._asking.add(fullname)  # the other finders are asked by way of the same list
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking.discard(fullname)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if self._patches.pop(fullname, None) is not None:
                patch(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def patch_everything(registry: Registry) -> None:
    """Patch what is there, and the rest when it comes."""
    registry.kinds[:] = [Foreign(registry), Streams(registry), Protocols(registry)]
    registry.secured = Secured(registry)
    patch_loop(asyncio.BaseEventLoop, registry)
    patch_loop(asyncio.SelectorEventLoop, registry)
    follow_datagrams(asyncio.BaseEventLoop, registry)
    follow_bound(registry)
    later: dict[str, Callable[[Any], None]] = {
        "uvicorn.config": lambda module: _patch_tables(module, registry),
        "uvloop": lambda module: _patch_uvloop(module, registry),
        "starlette.websockets": lambda module: _patch_starlette(module, registry),
        "aiohttp.web_server": lambda module: _patch_aiohttp(module, registry),
        "aiohttp.web_app": _patch_aiohttp_applications,
        "websockets.asyncio.server": lambda module: _patch_websockets(module, registry),
        "werkzeug._reloader": reloaders.werkzeug,
        "django.utils.autoreload": reloaders.django,
    }
    for name in list(later):
        if name in sys.modules:
            later.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _WhenImported(later))


def _patch_uvloop(module: Any, registry: Registry) -> None:
    patch_loop(module.Loop, registry)
    follow_datagrams(module.Loop, registry)
    start_tls = module.Loop.start_tls

    async def start_tls_unwrapped(self: Any, transport: Any, *args: Any, **options: Any) -> Any:
        return await start_tls(self, getattr(transport, "real", transport), *args, **options)

    module.Loop.start_tls = start_tls_unwrapped


def _patch_starlette(module: Any, registry: Registry) -> None:
    from hotswap.wire.objects import give_shells_back

    give_shells_back(module.WebSocket, registry)


def _patch_aiohttp(module: Any, registry: Registry) -> None:
    """Know the connections of aiohttp's server, where all that is relied on is there."""
    from hotswap.wire import contracts

    if contracts.usable("aiohttp"):
        from hotswap.wire.aiohttp import AioHTTP, follow_responses, tracked

        follow_responses(sys.modules["aiohttp.web_response"].StreamResponse)
        registry.kinds.insert(0, AioHTTP(registry))
        module.RequestHandler = tracked(module.RequestHandler)
        if contracts.usable("aiohttp websocket"):
            from hotswap.wire import aiohttp_websockets

            aiohttp_websockets.patch(sys.modules["aiohttp.web_ws"])


def _patch_aiohttp_applications(module: Any) -> None:
    from hotswap.wire import contracts

    if contracts.usable("aiohttp application"):
        from hotswap.wire.aiohttp import follow_applications

        follow_applications(module.Application)


def _patch_websockets(module: Any, registry: Registry) -> None:
    """Know the connections of ``websockets.serve``, where all that is relied on is there."""
    from hotswap.wire import contracts

    if contracts.usable("serve"):
        from hotswap.wire.websockets_serve import WebSocketsServe, speak_later

        registry.kinds.insert(0, WebSocketsServe(registry))
        broadcast = speak_later(module.broadcast)
        module.broadcast = sys.modules["websockets.asyncio.connection"].broadcast = broadcast  # type: ignore[attr-defined]


def _patch_tables(module: Any, registry: Registry) -> None:
    """Name tracked protocols in uvicorn's tables, each only where all it relies on is there."""
    from hotswap.wire import http, tracked, websockets

    reloaders.uvicorn(module)
    registry.kinds[:0] = [websockets.WebSockets(registry), http.HTTP(registry)]

    tracked.registry = registry
    for name in ("auto", "httptools", "h11"):
        if name in module.HTTP_PROTOCOLS:
            module.HTTP_PROTOCOLS[name] = f"hotswap.wire.tracked:http_{name}"
    for name in ("auto", "websockets", "websockets-sansio", "wsproto"):
        if name in module.WS_PROTOCOLS:
            module.WS_PROTOCOLS[name] = f"hotswap.wire.tracked:ws_{name.replace('-', '_')}"

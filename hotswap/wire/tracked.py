"""What uvicorn's tables of protocols name: ``hotswap.wire.tracked:http_auto`` and the like, made when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap.wire.registry import Registry

registry: Registry | None = None
"""The one of this process; set when uvicorn's tables are patched."""


def __getattr__(name: str) -> Any:
    from hotswap.wire import contracts

    if registry is None or not name.startswith(("http_", "ws_")):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return contracts.tracked(name, registry)

"""Connections, which outlive the code that serves them: tracked, detached, adopted, entered again.

`install` is called before the app is imported. It puts nothing between a request and the app but bounded
bookkeeping of raw bytes: enough to hand each connection to the next image, or to call its handler anew in this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.source.model import Reload
    from hotswap.wire.records import Manifest
    from hotswap.wire.registry import Registry

__all__ = ["install"]


def install(
    manifest: Manifest | None,
    *,
    grace: float = 5.0,
    on_settled: Callable[[Reload], None] | None = None,
    keeper: float | None = None,
) -> Registry:
    """Track every connection of this process from now on, and adopt what `manifest` carries.

    Args:
        manifest: What the last image left, or None on an ordinary start.
        grace: Seconds after the last listener came up until connections nobody asked for are closed.
        keeper: Let a process of its own terminate TLS (``create_server(ssl=...)``), so that TLS connections are kept;
            it waits so many seconds for a server that has gone to come back.
        on_settled: Called once on the loop when everything carried is adopted or closed. Not on an ordinary start.
    """
    from hotswap import hooks
    from hotswap.wire.listeners import raise_file_limit
    from hotswap.wire.patches import patch_everything
    from hotswap.wire.registry import Registry

    registry = Registry(manifest, grace=grace, on_settled=on_settled)
    hooks.runtime.connections = registry
    raise_file_limit()
    patch_everything(registry)
    if keeper is not None:
        from hotswap.wire.keeping import Keeping

        registry.keeping = Keeping(registry, grace=keeper)
    return registry

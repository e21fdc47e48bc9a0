"""Jinja: what an environment has compiled is looked at again where it would not look by itself.

Flask's looks again only under `debug`, and so does any with ``auto_reload=False``: a saved template would never show.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Adapter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class JinjaAdapter(Adapter):
    """Owns nothing; drops compiled templates."""

    module = "jinja2.environment"

    def owns(self, obj: object) -> bool:  # noqa: ARG002 -- the protocol's signature
        """Say that environments are no registries: what statements put into them is their own affair."""
        return False

    def saved(self, paths: Sequence[str]) -> None:  # noqa: ARG002 -- any file may be a template
        """Empty the caches of the environments that do not ask whether a file has changed."""
        for environment in _environments():
            cache = getattr(environment, "cache", None)
            if not environment.auto_reload and cache is not None:
                cache.clear()


def _environments() -> Iterator[Any]:
    """Give the live ones. Nobody keeps a list of them; one walk of the collector in C, 3 ms with 100,000 objects."""
    kinds = [sys.modules["jinja2.environment"].Environment]
    for kind in kinds:
        kinds += type.__subclasses__(kind)
    for found in gc.get_referrers(*kinds):
        if issubclass(type(found), kinds[0]):
            yield found

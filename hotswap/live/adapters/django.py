"""Django: views are patched where URL patterns refer to them; patterns, models and registries are exec's.

Django builds its resolver from ``urlpatterns`` once, its models and admin register themselves by class creation, and
signals keep receivers by ``id()``. The resolver is made anew in place; the others say so and take a fresh process.
"""

# ruff: noqa: ARG002 -- the protocol's signatures

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.fixed import FixedAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType

    from hotswap.live.journal import Journal


class DjangoAdapter(FixedAdapter):
    """Owns what registers classes and receivers; clears the URL resolver's caches."""

    def __init__(self) -> None:
        super().__init__(
            "django.apps",
            (
                "django.contrib.admin.sites:AdminSite",
                "django.dispatch.dispatcher:Signal",
                "django.template.library:Library",
                "django.db.models.base:ModelBase",
                "django.urls.resolvers:URLPattern",
                "django.urls.resolvers:URLResolver",
            ),
            "Django registered this when it started",
        )

    def patched(
        self, objs: Sequence[Any], replaced: Mapping[CodeType, CodeType], journal: Journal
    ) -> None:
        """The resolver caches views by name: let it look again."""
        resolvers = sys.modules.get("django.urls.base")
        if resolvers is not None:
            journal.on_commit(resolvers.clear_url_caches)

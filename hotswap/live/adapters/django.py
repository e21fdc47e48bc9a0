"""Django: views are patched where URL patterns refer to them; models, settings and registries are exec's.

Django builds its resolvers from ``urlpatterns`` once and caches templates: both look again. Its models and admin
register themselves by class creation, signals keep receivers by ``id()``, settings are copied: these say so and take
a fresh process.
"""

# ruff: noqa: ARG002 -- the protocol's signatures

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.adapters.base import Refused
from hotswap.live.adapters.fixed import FixedAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from hotswap.live.journal import Journal


STATICFILES: Final = "django.contrib.staticfiles"


class DjangoAdapter(FixedAdapter):
    """Owns what registers classes and receivers; lets URL resolvers and templates look again."""

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
        self._caught: Callable[[str, BaseException], None]
        self._hear: object = None

    def finished(self, modules: AbstractSet[str], journal: Journal) -> None:
        """Let resolvers read ``urlpatterns`` again; settings were copied when Django was set up.

        Raises:
            Refused: A settings module changed.
        """
        settings = _settings()
        if settings in modules:
            raise Refused(f"Django took its settings from {settings} when it started")
        if "django.urls.base" in sys.modules:
            journal.on_commit(_forget_urls)

    def saved(self, paths: Sequence[str]) -> None:
        """Since 4.1 templates are cached under DEBUG too, and Django's own reloader drops them; so do we."""
        reloader = sys.modules.get("django.utils.autoreload")
        if reloader is None or "django.template.autoreload" not in sys.modules:
            return
        for path in paths:
            reloader.file_changed.send(sender=None, file_path=Path(path))

    def report(self, caught: Callable[[str, BaseException], None]) -> None:
        """Listen to Django's signal: it answers an exception with a page of its own."""
        self._caught = caught
        signals: Any = sys.modules.get("django.core.signals")
        if signals is None or self._hear is not None:
            return

        def hear(request: Any = None, **_: object) -> None:
            error = sys.exception()
            if request is not None and error is not None:
                self._caught(request.path, error)

        self._hear = hear  # a signal holds its receivers weakly
        signals.got_request_exception.connect(hear)

    def templates(self, modules: Mapping[str, Any]) -> Sequence[str]:
        """Give the project's own template folders, of every engine that looks in folders."""
        if not _ready():
            return ()
        from importlib import import_module

        found: dict[str, None] = {}
        for backend in import_module("django.template").engines.all():
            for folder in backend.template_dirs:
                if not _installed(str(folder)):
                    found.setdefault(os.path.abspath(folder))
        return list(found)

    def served(self, obj: Any) -> Sequence[tuple[str, str]]:
        """Nothing: no registry of Django serves files by itself."""
        return ()

    def static(self) -> Sequence[tuple[str, str]]:
        """Give what ``staticfiles`` finds in the project's own folders, below ``STATIC_URL``."""
        if not _ready() or not sys.modules["django.apps"].apps.is_installed(STATICFILES):
            return ()
        from importlib import import_module

        prefix = str(import_module("django.conf").settings.STATIC_URL)
        if not prefix.startswith("/"):
            return ()  # another server's
        found: list[tuple[str, str]] = []
        for finder in import_module(f"{STATICFILES}.finders").get_finders():
            for storage in getattr(finder, "storages", {}).values():
                below = getattr(storage, "prefix", None) or ""
                if storage.location and not _installed(storage.location):
                    found.append((f"{prefix}{below}", os.path.abspath(storage.location)))
        return found


def _ready() -> bool:
    apps = sys.modules.get("django.apps")
    return apps is not None and bool(apps.apps.ready)


def _settings() -> str:
    """Name the module that ``django.conf.settings`` was made of; ``""`` before it was."""
    conf = sys.modules.get("django.conf")
    wrapped = vars(conf.settings).get("_wrapped") if conf is not None else None
    return str(vars(wrapped).get("SETTINGS_MODULE", "")) if hasattr(wrapped, "__dict__") else ""


def _installed(folder: str) -> bool:
    return f"{os.sep}site-packages{os.sep}" in folder


def _forget_urls() -> None:
    """Clear what was derived from ``urlpatterns``: Django's caches, and those inside resolvers of ``include()``."""
    base = sys.modules["django.urls.base"]
    resolver = sys.modules["django.urls.resolvers"].URLResolver
    for module in list(sys.modules.values()):
        patterns = getattr(module, "__dict__", {}).get("urlpatterns")
        for pattern in patterns if isinstance(patterns, (list, tuple)) else ():
            _forget_in(pattern, resolver)
    base.clear_url_caches()


def _forget_in(pattern: Any, resolver: type) -> None:
    """Empty one resolver and those below it (django/urls/resolvers.py, ``URLResolver.__init__``)."""
    if not isinstance(pattern, resolver):
        return
    own = vars(pattern)
    own.pop("url_patterns", None)
    own["_populated"] = False
    for name in ("_reverse_dict", "_namespace_dict", "_app_dict"):
        if name in own:
            own[name] = {}
    own["_callback_strs"] = set()
    names = own.get("urlconf_name")
    for inner in names if isinstance(names, (list, tuple)) else ():
        _forget_in(inner, resolver)

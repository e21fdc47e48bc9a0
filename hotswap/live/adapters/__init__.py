"""Frameworks that keep registries of the user's functions: how their objects follow an edit."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.metadata import EntryPoint

    from hotswap.live.adapters.base import Adapter

log = logging.getLogger("hotswap")

GROUP: Final = "hotswap.adapters"

OURS: Final[Mapping[str, tuple[str, str]]] = {
    "fasthtml.core": ("hotswap.live.adapters.fixed", "fasthtml"),
    "fastapi": ("hotswap.live.adapters.fastapi", "FastAPIAdapter"),
    "starlette.routing": ("hotswap.live.adapters.starlette", "StarletteAdapter"),
    "flask.sansio.app": ("hotswap.live.adapters.flask", "FlaskAdapter"),
    "typer.main": ("hotswap.live.adapters.click", "TyperAdapter"),
    "click.core": ("hotswap.live.adapters.click", "ClickAdapter"),
    "aiohttp.web": ("hotswap.live.adapters.fixed", "aiohttp"),
    "litestar": ("hotswap.live.adapters.fixed", "litestar"),
    "sanic.app": ("hotswap.live.adapters.fixed", "sanic"),
    "django.apps": ("hotswap.live.adapters.django", "DjangoAdapter"),
    "jinja2.environment": ("hotswap.live.adapters.jinja", "JinjaAdapter"),
    "celery.app": ("hotswap.live.adapters.fixed", "celery"),
}
"""Import that brings the framework in -> where its adapter is. More special ones first: FastAPI is a Starlette."""

_made: dict[str, Adapter | None] = {}
_asked = False
_loaded: list[Adapter] = []
problems: list[str] = []
"""A line for each adapter that could not be used; the session says them once."""


def active() -> Sequence[Adapter]:
    """Give the adapters whose framework has been imported. Those of others come first: they may know better."""
    found = [adapter for adapter in _third_party() if adapter.module in sys.modules]
    for module, (place, name) in OURS.items():
        if not _imported(module):
            continue
        if module not in _made:
            _made[module] = _make(place, name)
        adapter = _made[module]
        if adapter is not None:
            found.append(adapter)
    return found


def _imported(module: str) -> bool:
    """Say whether a framework is there as a whole.

    An adapter imports parts of it. Done on one thread while the program imports it on another, two import locks may
    wait for each other, and Python hands out half a module instead: the program's own import would fail
    (importlib._bootstrap._DeadlockError).
    """
    if module not in sys.modules:
        return False
    while module:  # a package goes on after its part is there
        spec = getattr(sys.modules.get(module), "__spec__", None)
        if getattr(spec, "_initializing", False):
            return False
        module = module.rpartition(".")[0]
    return True


def owner(obj: object, among: Sequence[Adapter]) -> Adapter | None:
    """Give the first adapter of `among` that owns `obj`."""
    for adapter in among:
        if adapter.owns(obj):
            return adapter
    return None


def _make(place: str, name: str) -> Adapter | None:
    """Import one of our own adapters; a framework release that it cannot read costs the adapter, not the session."""
    from importlib import import_module

    try:
        made: Adapter = getattr(import_module(place), name)()
    except (ImportError, AttributeError) as error:
        _complain(f"the adapter {name} does not fit the installed release: {error}")
        return None
    return made


def _third_party() -> Sequence[Adapter]:
    """Load the entry points once, when the first adapter is asked for; a broken one is named and left out."""
    global _asked
    if not _asked:
        from importlib.metadata import entry_points

        _asked = True
        for point in entry_points(group=GROUP):
            adapter = _load(point)
            if adapter is not None:
                _loaded.append(adapter)
    return _loaded


def _load(point: EntryPoint) -> Adapter | None:
    """Give the adapter of one entry point, or say why there is none."""
    try:
        made: Any = point.load()()
        usable = isinstance(made.module, str) and callable(made.owns)
    except Exception as error:  # noqa: BLE001 -- foreign code, anything may come; never fatal
        _complain(f"the adapter {point.name!r} ({point.value}) is left out: {error!r}")
        return None
    if not usable:
        _complain(f"the adapter {point.name!r} ({point.value}) is left out: not an Adapter")
        return None
    adapter: Adapter = made
    return adapter


def _complain(problem: str) -> None:
    problems.append(problem)
    log.warning("%s", problem)

"""What an ASGI app serves from the disk: static directories and templates."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hotswap.live.looking import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEPTH = 8
"""Apps mounted in apps mounted in ...: deep enough for any, finite for a cycle."""


def served(router: Any) -> list[tuple[str, str]]:
    """Give ``(url prefix, absolute directory)`` of each static directory below a router."""
    return list(dict.fromkeys(_served(router, "", 0)))


def _served(router: Any, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEPTH:
        return
    own = attributes(router)
    for route in [*own.get("routes", ()), *own.get("_low_priority_routes", ())]:
        fields = attributes(route)
        path = fields.get("path", "")
        path = path if isinstance(path, str) else ""
        target = fields.get("app")
        inner = attributes(target)
        if "all_directories" in inner:  # starlette.staticfiles.StaticFiles
            for directory in inner["all_directories"]:
                yield (prefix + path).rstrip("/") + "/", os.path.abspath(directory)
        elif "original_router" in fields:  # FastAPI's _IncludedRouter
            added = attributes(fields.get("include_context")).get("prefix", "")
            yield from _served(fields["original_router"], prefix + str(added or ""), depth + 1)
        elif "routes" in fields and "directory" not in fields:
            # FastAPI's frontend routes, a Mount of routes
            yield from _served(route, prefix + path, depth + 1)
        elif "router" in inner or "routes" in inner:
            yield from _served(inner.get("router", target), prefix + path, depth + 1)


def templates(modules: Mapping[str, Any]) -> list[str]:
    """Give the absolute directories of all template loaders that the modules hold, directly or in an object."""
    found: dict[str, None] = {}
    for module in modules.values():
        for value in list(vars(module).values()):
            for candidate in (value, *attributes(value).values()):
                for directory in _searched(candidate):
                    found.setdefault(directory)
    return list(found)


def _searched(value: object) -> Iterator[str]:
    """Give the directories in which ``Jinja2Templates``, an ``Environment`` or a loader looks."""
    kind = type(value).__mro__
    names = {f"{cls.__module__}.{cls.__qualname__}" for cls in kind}
    if "starlette.templating.Jinja2Templates" in names:
        yield from _searched(attributes(value).get("env"))
    elif "jinja2.environment.Environment" in names:
        yield from _searched(attributes(value).get("loader"))
    elif "jinja2.loaders.FileSystemLoader" in names:
        for directory in attributes(value).get("searchpath", ()):
            yield os.path.abspath(directory)
    elif "jinja2.loaders.PackageLoader" in names:
        root = attributes(value).get("_template_root")
        if isinstance(root, str):
            yield os.path.abspath(root)
    elif "jinja2.loaders.ChoiceLoader" in names:
        for loader in attributes(value).get("loaders", ()):
            yield from _searched(loader)

"""Which URL is which file: the static folders that the app serves, and the templates it renders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["css", "script", "asset", "data", "template", "page"]

SCRIPTS = frozenset({".js", ".mjs", ".cjs"})
PAGES = frozenset({".html", ".htm", ".xhtml"})
IMAGES = ("apng", "avif", "bmp", "cur", "gif", "ico", "jpeg", "jpg", "jxl", "png", "svg", "webp")
FONTS = ("eot", "otf", "ttc", "ttf", "woff", "woff2")
SOUNDS = ("mp3", "mp4", "ogg", "wav", "webm")
ASSETS = frozenset(f".{name}" for name in IMAGES + FONTS + SOUNDS)
TEXTS = ("csv", "geojson", "json", "md", "toml", "tsv", "txt", "vtt", "xml", "yaml", "yml")
BINARIES = ("frag", "glb", "glsl", "gltf", "vert", "wasm", "wgsl")
DATA = frozenset(f".{name}" for name in TEXTS + BINARIES)
"""What only a page's scripts read."""


class Places:
    """Static folders by URL prefix, longest first, and template folders. Paths are real paths."""

    def __init__(self) -> None:
        self._static: list[tuple[str, str]] = []
        self._templates: list[str] = []

    def set(self, static: Sequence[tuple[str, str]], templates: Sequence[str]) -> None:
        """Take what the adapters say the app serves now."""
        pairs = {(prefix.rstrip("/"), os.path.realpath(folder)) for prefix, folder in static}
        self._static = sorted(pairs, key=lambda pair: (-len(pair[0]), pair))
        self._templates = sorted({os.path.realpath(folder) for folder in templates})

    def folders(self) -> tuple[str, ...]:
        """Give every folder whose files reach pages."""
        return tuple(dict.fromkeys([folder for _, folder in self._static] + self._templates))

    def file(self, url_path: str) -> str | None:
        """Give the existing file behind a URL path; never one outside its static folder, links included."""
        for prefix, folder in self._static:
            if not url_path.startswith(f"{prefix}/"):
                continue
            relative = url_path[len(prefix) + 1 :]
            if "\0" in relative or relative.endswith("/"):
                return None
            found = os.path.realpath(os.path.join(folder, relative.lstrip("/")))
            if _inside(found, folder) and os.path.isfile(found):
                return found
        return None

    def urls(self, path: str) -> tuple[str, ...]:
        """Give the URL paths under which a file is served, decoded as in ``scope["path"]``."""
        real = os.path.realpath(path)
        return tuple(
            f"{prefix}/{os.path.relpath(real, folder).replace(os.sep, '/')}"
            for prefix, folder in self._static
            if _inside(real, folder)
        )

    def kind(self, path: str) -> Kind | None:
        """Say how a changed file reaches the page; None when it does not."""
        real = os.path.realpath(path)
        if any(_inside(real, folder) for folder in self._templates):
            return "template"
        if not any(_inside(real, folder) for _, folder in self._static):
            return None
        suffix = os.path.splitext(real)[1].lower()
        if suffix == ".css":
            return "css"
        if suffix in SCRIPTS:
            return "script"
        if suffix in PAGES:
            return "page"
        if suffix in DATA:
            return "data"
        return "asset" if suffix in ASSETS else None


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)

"""The client's modules joined into the one classic script that a page loads first, without a build step.

It must be classic and blocking: it has to be there before the page's first own script. So the files below
``static/client`` are ordinary ES modules, and serving them means leaving out ``import`` and ``export``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

ORDER = (
    "page.js",
    "reload.js",
    "overlay.js",
    "styles.js",
    "assets.js",
    "merge.js",
    "documents.js",
    "literals.js",
    "records.js",
    "modules.js",
    "websocket.js",
    "sockets.js",
    "channel.js",
    "main.js",
)
"""Every module after those that it imports from."""
IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=async |function\b|class |const |let )", re.MULTILINE)


@lru_cache(maxsize=8)
def static_file(name: str) -> bytes:
    """Read one of our own files."""
    return files("hotswap.web").joinpath("static", name).read_bytes()


@lru_cache(maxsize=1)
def client_source() -> bytes:
    """Give the whole client; the names of all its modules are distinct, and a test sees to that."""
    parts = [linked(static_file(f"client/{name}").decode()) for name in ORDER]
    return (
        "(() => {\n'use strict';\nif (globalThis.__hotswap__) return;\n"
        + "\n".join(parts)
        + "\n})();\n"
    ).encode()


def linked(source: str) -> str:
    """Give a module's source as part of the one script."""
    return EXPORT.sub("", IMPORT.sub("", source))

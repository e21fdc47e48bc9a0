"""Which releases are replayed."""

from __future__ import annotations

from itertools import pairwise

RELEASES: dict[str, tuple[str, ...]] = {
    "anyio": ("4.9.0", "4.10.0", "4.11.0", "4.12.1", "4.13.0", "4.14.2", "4.16.0"),
    "attrs": ("23.2.0", "24.1.0", "24.2.0", "24.3.0", "25.1.0", "25.3.0", "25.4.0", "26.1.0"),
    "boltons": ("23.0.0", "23.1.1", "24.0.0", "24.1.0", "25.0.0", "26.0.0", "26.2.0"),
    "cattrs": ("23.2.3", "24.1.3", "25.1.1", "25.3.0", "26.1.0", "26.2.1"),
    "click": ("8.1.7", "8.1.8", "8.2.0", "8.2.1", "8.3.0", "8.3.3", "8.4.2", "8.5.1"),
    "fastapi": ("0.160.0", "0.161.1", "0.162.0", "0.162.7", "0.163.2", "0.164.0", "0.165.0"),
    "flask": ("3.0.0", "3.0.2", "3.0.3", "3.1.0", "3.1.1", "3.1.2", "3.1.3"),
    "h11": ("0.12.0", "0.13.0", "0.14.0", "0.15.0", "0.16.0"),
    "httpx": ("0.24.1", "0.25.2", "0.26.0", "0.27.0", "0.27.2", "0.28.0", "0.28.1"),
    "itsdangerous": ("2.0.1", "2.1.0", "2.1.2", "2.2.0"),
    "jinja2": ("3.0.3", "3.1.0", "3.1.2", "3.1.3", "3.1.4", "3.1.5", "3.1.6"),
    "marshmallow": ("3.26.1", "4.0.0", "4.1.0", "4.1.2", "4.2.0", "4.2.4", "4.3.1", "4.4.0"),
    "more-itertools": ("10.2.0", "10.4.0", "10.5.0", "10.6.0", "10.8.0", "11.0.2", "11.2.1"),
    "pluggy": ("1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0"),
    "requests": ("2.31.0", "2.32.3", "2.32.4", "2.32.5", "2.33.1", "2.34.0", "2.34.2"),
    "rich": ("13.7.1", "13.8.1", "13.9.0", "13.9.4", "14.0.0", "14.2.0", "14.3.4", "15.0.0"),
    "stamina": ("24.3.0", "25.1.0", "25.2.0", "26.1.0"),
    "starlette": ("0.50.0", "0.52.1", "1.0.0", "1.2.1", "1.4.1", "1.6.0", "1.8.0", "1.10.0"),
    "structlog": ("24.1.0", "24.4.0", "25.1.0", "25.3.0", "25.4.0", "25.5.0", "26.1.0"),
    "svcs": ("23.21.0", "24.1.0", "25.1.0", "26.1.0", "26.2.0"),
    "tenacity": ("8.3.0", "8.5.0", "9.0.0", "9.1.2", "9.1.4", "9.2.1"),
    "typer": ("0.23.2", "0.24.2", "0.25.1", "0.26.8", "0.27.3", "0.28.0", "0.29.2"),
    "uvicorn": ("0.42.0", "0.44.0", "0.46.0", "0.48.0", "0.50.2", "0.52.4", "0.54.0"),
    "websockets": ("14.2", "15.0.1", "16.0", "16.1.1", "17.0.1", "17.2", "17.4"),
    "werkzeug": ("3.0.4", "3.0.6", "3.1.0", "3.1.3", "3.1.5", "3.1.7", "3.1.9"),
}
"""Package -> releases, oldest first: each is swapped onto the next and back."""

IMPORTED = {"attrs": "attr", "more-itertools": "more_itertools"}
"""Where the import name is another one."""

STATE = {
    "anyio": ("anyio._core._eventloop.loaded_backends",),
    "attrs": ("attr._make._CountingAttr.cls_counter",),
}
"""What counts or caches on as a package is used: a live program goes on with it, a fresh one begins anew."""

EXAMPLES = "0.165.0"
"""The release of fastapi whose documented apps are replayed."""

SHORT: tuple[tuple[str, str, str], ...] = (
    ("flask", "3.1.1", "3.1.2"),
    ("httpx", "0.28.0", "0.28.1"),
    ("jinja2", "3.1.5", "3.1.6"),
    ("click", "8.2.1", "8.3.0"),
    ("marshmallow", "4.3.1", "4.4.0"),
    ("uvicorn", "0.52.4", "0.54.0"),
)
"""What CI replays."""


def pairs(names: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """Give ``(package, release, next release)`` of the packages named; of none, of all."""
    return [
        (package, old, new)
        for package, versions in RELEASES.items()
        if not names or package in names
        for old, new in pairwise(versions)
    ]

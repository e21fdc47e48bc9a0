"""Keep a Python program running while its source changes.

The names below are all that an app may call. They are imported when first used, so that ``import hotswap``
costs next to nothing, and each is a harmless no-op of the same type when the program does not run under hotswap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap.hooks import (
        dispose,
        generation,
        keep,
        memory,
        migrate,
        on_file,
        on_swap,
        reload,
        resumed,
        serve,
    )
    from hotswap.source.model import Outcome
    from hotswap.swapper import Swapper

__version__ = "0.1.0"

__all__ = [
    "Outcome",
    "Swapper",
    "__version__",
    "dispose",
    "generation",
    "keep",
    "memory",
    "migrate",
    "on_file",
    "on_swap",
    "reload",
    "resumed",
    "serve",
]

_HOMES = {
    "Outcome": "hotswap.source.model",
    "Swapper": "hotswap.swapper",
    "load_ipython_extension": "hotswap.notebook",
    "unload_ipython_extension": "hotswap.notebook",
}
"""Where names stand that are not hooks; the last two are IPython's way in, and no app's."""


def __getattr__(name: str) -> object:
    home = _HOMES.get(name, "hotswap.hooks" if name in __all__ else None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

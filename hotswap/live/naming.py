"""What the names of all tracked modules hold, gone through once a save: of 12,000 names few matter to anybody."""

from __future__ import annotations

from importlib.machinery import ModuleSpec, SourceFileLoader
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.importing import Loader
from hotswap.live.looking import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap.live.loaded import Loaded

DULL: Final = frozenset({*PLAIN, ModuleSpec, SourceFileLoader, Loader})
"""Kinds that nobody asks for; most of what every module has are of them (``__name__``, ``__spec__``)."""


class Names:
    """The names of all modules by the kind of what they hold; not those of functions where they are at home.

    Nothing tells when a program binds a name, so that this is no index to be kept: it is made when it is first asked
    for within a swap, and anew after statements have run. It holds no value, lest it be found among who holds one.

    Args:
        loaded: The modules, by name.
    """

    def __init__(self, loaded: Mapping[str, Loaded]) -> None:
        self._loaded = loaded
        self._kinds: dict[type, list[tuple[Loaded, str]]] | None = None

    def forget(self) -> None:
        """Names may mean other objects now."""
        self._kinds = None

    def of(self, *kinds: type) -> Iterator[tuple[Loaded, str, Any]]:
        """Give ``(module, name, value)`` of each value of these kinds, kind after kind, in the order of imports."""
        known = self._known()
        for kind in kinds:
            for entry, name in known.get(kind, ()):
                value = entry.module.__dict__.get(name)
                if type(value) is kind:
                    yield entry, name, value

    def samples(self) -> Iterator[Any]:
        """Give one value of each kind."""
        for kind in list(self._known()):
            for _, _, value in self.of(kind):
                yield value
                break

    def _known(self) -> dict[type, list[tuple[Loaded, str]]]:
        if self._kinds is None:
            self._kinds = self._by_kind()
        return self._kinds

    def _by_kind(self) -> dict[type, list[tuple[Loaded, str]]]:
        found: dict[type, list[tuple[Loaded, str]]] = {}
        for entry in list(self._loaded.values()):
            names = entry.module.__dict__
            for name, value in names.copy().items():  # threads may bind meanwhile
                kind = type(value)
                if kind in DULL or (kind is FunctionType and value.__globals__ is names):
                    continue
                if kind in found:
                    found[kind].append((entry, name))
                else:
                    found[kind] = [(entry, name)]
        return found

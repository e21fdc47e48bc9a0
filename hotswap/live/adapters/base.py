"""The protocol by which a framework's own objects (an app, a router, a command group) follow an edit in place.

An adapter owns objects whose content was gathered by running statements of user modules: ``@app.get(...)``,
``app.include_router(...)``, ``app.add_middleware(...)``. Third parties add theirs under the entry-point group
``hotswap.adapters``; each entry point is a callable without arguments that gives an `Adapter`, and is called once the
module it names in `Adapter.module` has been imported by the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from dataclasses import dataclass

    from hotswap.live.journal import Journal
else:
    from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ran:
    """What happened to one module's statements, for `Adapter.settle`."""

    module: str
    """``__name__`` of the module."""
    ran: AbstractSet[str]
    """Names of the top-level definitions whose statements ran again."""
    removed: AbstractSet[str]
    """Names of the top-level definitions that the edit removed."""
    order: Sequence[str]
    """All top-level definitions of the new source in file order."""
    replayed: bool
    """True after `Adapter.reset`: every statement that fills the object ran again."""


class Adapter(Protocol):
    """How one framework's objects follow an edit. One instance serves the whole process."""

    module: str
    """The import that brings the framework in: the adapter is asked for only once it is in ``sys.modules``."""

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is one of this framework's registries. Never reads attributes by ``getattr``."""

    def checkpoint(self, obj: Any, journal: Journal) -> Any:
        """Before anything runs: remember all of `obj` in the journal; give a token for `settle`."""

    def reset(self, obj: Any) -> None:
        """Empty `obj` to what its own constructor made, state kept, because all statements that fill it run again."""

    def settle(self, obj: Any, token: Any, ran: Ran) -> bool:
        """After the statements ran: order, replace and drop entries. True when other modules' readers must follow."""

    def adopt(self, old: Any, new: Any, token: Any, journal: Journal) -> None:
        """Put the content of `new`, made on the side, into `old`, which keeps its identity and its state."""

    def copies(self) -> bool:
        """Say whether including one registry in another copies entries (then the include statements run again)."""

    def served(self, obj: Any) -> Sequence[tuple[str, str]]:
        """Static files the object serves: ``(url prefix, directory)`` pairs."""

    def templates(self, modules: Mapping[str, Any]) -> Sequence[str]:
        """Directories of templates that the app's modules read."""

    def class_changed(self, classes: Sequence[type]) -> None:
        """Classes kept their identity but changed shape: drop caches keyed by them."""

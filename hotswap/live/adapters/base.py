"""The protocol by which a framework's own objects (an app, a router, a command group) follow an edit in place.

An adapter owns *registries*: objects whose content was gathered by running statements of user modules, their
*fillers*: ``@app.get(...)``, ``app.include_router(...)``, ``app.add_middleware(...)``. Third parties add theirs under
the entry-point group ``hotswap.adapters``; each entry point is a callable without arguments that gives an `Adapter`.
docs/reference/adapters.md shows a whole one.
"""

# ruff: noqa: ARG002, RET501 -- the defaults ignore what they are given; that they return tells type checkers that
# nobody need override them

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from types import CodeType, FunctionType

    from hotswap.live.journal import Journal


class Refused(Exception):
    """Only a fresh process can carry this edit out. The message is the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What happened to one module's statements, for `Adapter.in_place` and `Adapter.settle`."""

    module: str
    """``__name__`` of the module."""
    ran: AbstractSet[str]
    """Names of the definitions whose statements run again, or ran; they fill, or filled, the registry."""
    removed: AbstractSet[str]
    """Names of the definitions that filled the registry and no longer do: gone, or without their decorator."""
    order: Sequence[str]
    """The statements that fill this registry in the new source, in file order: the name of a definition, or ``""``."""
    replayed: bool
    """True after `Adapter.reset` or `Adapter.adopt`: every statement that fills the registry ran again."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """New name -> old name of the definitions that stand where others stood among the statements, all else alike."""


class Adapter(Protocol):
    """How one framework's registries follow an edit. One instance serves the whole process.

    Derive from it to get the defaults of what most frameworks do not need.
    """

    module: str
    """The import that brings the framework in: the adapter is asked for only once it is in ``sys.modules``."""
    state: AbstractSet[str] = frozenset()
    """Attributes of a registry that hold the app's own state: statements below them are not fillers."""
    begins_empty: AbstractSet[str] = frozenset()
    """Those of them that hold nothing when a registry is made: what a statement put there goes with the statement."""

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is a registry. Looks at ``type(obj)`` only: a module may hold proxies that raise."""

    def fixed(self, obj: Any) -> str:
        """Say why no filler of `obj` can be changed in this process; ``""`` when fillers can be."""
        return ""

    def refusal(self, obj: Any, replaced: Mapping[CodeType, CodeType]) -> str:
        """Say why these new bodies need a fresh process (a changed lifespan), before anything is changed; or ``""``."""
        return ""

    def started(self, obj: Any) -> Sequence[FunctionType]:
        """Give the user's functions that ran when the app started: lifespans, startup handlers."""
        return ()

    def checkpoint(self, obj: Any, journal: Journal) -> Any:
        """Before anything runs: remember all of `obj` in the journal and make it accept entries; give a token."""

    def in_place(self, obj: Any, token: Any, ran: Ran) -> bool:
        """Say whether running just ``ran.ran`` again and then `settle` is enough; if so, make `obj` ready for it."""

    def reset(self, obj: Any) -> None:
        """Empty `obj` to what its own constructor made, state kept, because all its fillers run again."""

    def adopt(self, old: Any, new: Any, token: Any, journal: Journal) -> None:
        """Put what a constructor (or a factory) made of `new` into `old`, which keeps identity and state."""

    def forget(self) -> None:
        """After the statements ran: drop the framework's caches that are keyed by what they made."""
        return None

    def settle(self, obj: Any, token: Any, ran: Ran) -> bool:
        """After the fillers ran: order, replace and drop entries. True when readers of its content must run again.

        Raises:
            Refused: The content now asks for a fresh process.
        """

    def copies(self, obj: Any = None) -> bool:
        """Say whether putting `obj` into another registry copies its entries (then the including filler runs again)."""
        return False

    def patched(
        self, objs: Sequence[Any], replaced: Mapping[CodeType, CodeType], journal: Journal
    ) -> None:
        """After new bodies were put into functions: renew what the framework derived from them."""
        return None

    def reshaped(
        self,
        objs: Sequence[Any],
        changed: Sequence[object],
        journal: Journal,
        fresh: AbstractSet[int],
    ) -> None:
        """Functions have another signature, classes another shape: renew what registries derived from them.

        Args:
            objs: The live registries.
            changed: Those functions and classes; they kept their identity.
            journal: Takes every undo.
            fresh: ids of objects, or of their ``vars()``, that were made of a changed definition in this swap: they
                know it as it is now.
        """
        return None

    def class_changed(self, classes: Sequence[type]) -> None:
        """Classes kept their identity but changed shape: drop caches keyed by them."""
        return None

    def finished(self, modules: AbstractSet[str], journal: Journal) -> None:
        """Every statement ran: renew what the framework derived from these modules without asking a registry.

        Args:
            modules: Names of the modules of which something was swapped.
            journal: For what may happen only once the swap is committed.

        Raises:
            Refused: The framework took a copy of what changed when it started.
        """
        return None

    def saved(self, paths: Sequence[str]) -> None:
        """Files that are no modules were saved: drop what the framework cached of them (templates)."""
        return None

    def report(self, caught: Callable[[str, BaseException], None]) -> None:
        """Have `caught` told of what is raised while the framework answers, and what it then answers itself.

        Called again after each swap.

        Args:
            caught: Takes the path of the request, what stands before the app included, and the exception. Any thread.
        """
        return None

    def served(self, obj: Any) -> Sequence[tuple[str, str]]:
        """Static files the registry serves: ``(url prefix, directory)`` pairs."""
        return ()

    def static(self) -> Sequence[tuple[str, str]]:
        """Static files that the framework serves whatever the app is, likewise."""
        return ()

    def templates(self, modules: Mapping[str, Any]) -> Sequence[str]:
        """Directories of templates that the app's modules (by name) read."""
        return ()

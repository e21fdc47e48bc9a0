"""What an app may call. Plain registries; harmless when the program does not run under hotswap.

The session, the swapper and the wire put themselves into `_runtime`; nothing here imports them.
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from hotswap.source.model import Outcome

T = TypeVar("T")
F = TypeVar("F", bound="Callable[..., Any]")

__all__ = [
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


class Connections(Protocol):
    """What the wire offers to `memory` and `resumed`."""

    def memory(self, connection: object) -> dict[Any, Any] | None:
        """The dict of a live connection, or None when it is not known."""

    def resumed(self, connection: object) -> int:
        """How often the connection's handler has been entered again."""


@dataclass(slots=True)
class Runtime:
    """What the running session has put in place. One per process; replaced as a whole by tests."""

    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    """``(calling module, name) -> object``: see `keep`."""
    carried: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What the last image handed over and nobody has asked for yet; moved to `kept` on first use."""
    disposers: dict[str, list[Callable[[], Any]]] = field(default_factory=dict)
    """By module name."""
    swap_listeners: dict[str, list[Callable[[Outcome], Any]]] = field(default_factory=dict)
    file_listeners: dict[str, list[tuple[tuple[str, ...], Callable[..., Any]]]] = field(
        default_factory=dict
    )
    migrations: dict[tuple[str, str], Callable[[Any], Any]] = field(default_factory=dict)
    """``(module, class qualname) -> function``."""
    generation: int = 0
    connections: Connections | None = None
    ask_reload: Callable[[str], None] | None = None


runtime: Runtime = Runtime()

_loose: MutableMapping[Any, dict[Any, Any]] = WeakKeyDictionary()


def _caller() -> str:
    """Give the module name of the code that called the hook."""
    name = sys._getframe(2).f_globals.get("__name__", "__main__")
    return name if isinstance(name, str) else "__main__"


def call(function: Callable[..., Any], *arguments: Any) -> None:
    """Call what an app registered: to its end; a coroutine as a task where a loop runs, else to its end too.

    Raises:
        Exception: What `function` raised, unless it goes on as a task.
    """
    result = function(*arguments)
    if not isinstance(result, types.CoroutineType):
        return
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(result)
        return
    task = loop.create_task(result)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


_tasks: set[Any] = set()
"""Hooks that go on: the loop itself holds its tasks weakly."""


def keep(name: str, factory: Callable[[], T]) -> T:
    """Give the same object after every re-execution of this module, and across an exec reload.

    Args:
        name: A name within the calling module.
        factory: Makes the object the first time; not called again while the object lives.
    """
    key = (_caller(), name)
    if key not in runtime.kept:
        if key in runtime.carried:
            runtime.kept[key] = runtime.carried.pop(key)
        else:
            runtime.kept[key] = factory()
    kept: T = runtime.kept[key]
    return kept


def memory(connection: object) -> dict[Any, Any]:
    """Give a dict that stays with one WebSocket, stream writer or transport for as long as it is open.

    It lives on when the handler is entered again, in this process or after an exec reload; what it holds must be
    picklable for the latter.
    """
    if runtime.connections is not None:
        found = runtime.connections.memory(connection)
        if found is not None:
            return found
    try:
        return _loose.setdefault(connection, {})
    except TypeError:  # not weakly referable or not hashable: it is nobody's connection
        return {}


def resumed(connection: object) -> int:
    """Say how often the handler of this connection has been entered again; 0 the first time."""
    return runtime.connections.resumed(connection) if runtime.connections is not None else 0


def _register(store: dict[str, list[Any]], module: str, function: Any, entry: Any) -> None:
    """Add `entry`; an entry whose function has the same name (the statement ran again) is replaced."""
    entries = store.setdefault(module, [])
    name = getattr(function, "__qualname__", None)
    for place, other in enumerate(entries):
        known = other[1] if isinstance(other, tuple) else other
        if name is not None and getattr(known, "__qualname__", None) == name:
            entries[place] = entry
            return
    entries.append(entry)


def dispose(function: F) -> F:
    """Call `function` before changed statements of this module run again, and before an exec reload. May be async."""
    _register(runtime.disposers, function.__module__, function, function)
    return function


def on_swap(function: F) -> F:
    """Call `function` with the `Outcome` after each commit. May be async."""
    _register(runtime.swap_listeners, function.__module__, function, function)
    return function


def on_file(*globs: str) -> Callable[[F], F]:
    """Call the decorated function with a changed file's path (str) when it matches one of `globs`.

    Globs are relative to the project root. The function may be async; raising makes a fault of the save.
    """

    def register(function: F) -> F:
        entry = (globs, function)
        _register(runtime.file_listeners, function.__module__, function, entry)
        return function

    return register


@overload
def migrate(cls: type) -> Callable[[F], F]: ...
@overload
def migrate(cls: str) -> Callable[[F], F]: ...
def migrate(cls: type | str) -> Callable[[F], F]:
    """Call the decorated function with each live instance after `cls` changed; also after an exec reload."""

    def register(function: F) -> F:
        if isinstance(cls, type):
            runtime.migrations[cls.__module__, cls.__qualname__] = function
        else:
            runtime.migrations[function.__module__, cls] = function
        return function

    return register


def generation() -> int:
    """Give the number of swaps since the first start. Survives an exec reload. 0 when not under hotswap."""
    return runtime.generation


def reload(reason: str = "") -> None:
    """Ask for an exec reload; it begins once the caller has returned to the event loop."""
    if runtime.ask_reload is not None:
        runtime.ask_reload(reason)


def serve(target: str, **options: Any) -> int:
    """Run ``hotswap TARGET`` from Python: blocks until the server stops, gives the exit code.

    Args:
        target: As on the command line: ``"pkg.main:app"``, a package, a path.
        options: The command line's long options with underscores: ``port=8001, reload_dir=["src"]``.

    Raises:
        hotswap.options.UsageError: An option is unknown or has a wrong value.
    """
    from hotswap.run import serve_target

    return serve_target(target, options)

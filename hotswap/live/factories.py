"""Apps made by a call: ``app = create_app()``, ``app = Server().app``, ``--factory``.

A module-level app is state: no edit elsewhere makes it anew. But its routes are declared inside the function that
made it, so when that function itself changed (the bodies of the endpoints nested in it aside: those are patched), it
is called again on the side, and what it made is adopted into the live app (live/adopting.py).
"""

from __future__ import annotations

import ast
import builtins
import functools
import sys
import types
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hotswap.live import adapters
from hotswap.live.looking import attributes, class_dict, mro, owner_of
from hotswap.live.making import (
    Making,
    Uses,
    declared,
    found,
    making,
    parsed,
    uses_in,
)
from hotswap.live.why import Kind, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from hotswap.live.adapters.base import Adapter

INNER: Final = frozenset({"app", "asgi_app", "application", "wsgi_app"})
"""Attributes under which wrappers keep the app they wrap."""
CALLING: Final = (map, filter, sorted, min, max, list, tuple, set, frozenset, dict)
"""What calls at once the function it is given; other library code keeps it for later (``FastAPI(lifespan=...)``)."""
CODE: Final = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type)


@dataclass(frozen=True, slots=True)
class Registration:
    """An app that the session made by calling the target (``--factory``); no module holds it."""

    app: Any
    where: str
    """``pkg.main:create_app``."""

    @property
    def maker(self) -> Callable[[], object]:
        """What the target names now."""
        module, _, attributes = self.where.partition(":")
        value: Any = sys.modules[module]
        for name in attributes.split("."):
            value = getattr(value, name)
        made: Callable[[], object] = value
        return made


registrations: list[Registration] = []


def register(app: object, where: str) -> None:
    """Let `app`, which calling `where` (``pkg.main:create_app``) gave, follow edits of what makes it."""
    registrations[:] = [known for known in registrations if known.where != where]
    registrations.append(Registration(app, where))


@dataclass(frozen=True, slots=True)
class Reached:
    """A function that matters to how an app is made."""

    path: str
    name: str
    old: ast.stmt | None
    new: ast.stmt | None
    namespace: dict[str, Any]
    runs: bool = True
    """While the app is made; else it is only handed to what makes it: a lifespan, a handler, a dependency."""


class Factories:
    """What one swap has to know of apps made by a call.

    Args:
        sources: Path -> (running source, new source) of the batch's files.
        modules: Path -> module of every tracked file.
        dirty: Module name -> names whose value or shape changed; read anew at each call.
        text: Gives the source of a tracked file outside the batch.
    """

    def __init__(
        self,
        sources: Mapping[str, tuple[bytes, bytes]],
        modules: Mapping[str, types.ModuleType],
        dirty: Mapping[str, AbstractSet[str]],
        text: Callable[[str], bytes | None] = lambda _: None,
    ) -> None:
        self._sources = sources
        self.dirty = dirty
        self._text = text
        self.paths = {module.__name__: path for path, module in modules.items()}
        self._modules = modules
        self.adapters = adapters.active()

    # Which apps there are.

    def holds(self, value: object) -> bool:
        """Say whether `value` is a registry, wraps one, or is an instance with one in its attributes."""
        return bool(self.held(value))

    def held(self, value: object) -> dict[tuple[str, ...], tuple[Adapter, Any]]:
        """Give the registries in `value` by the attributes that lead to them."""
        return dict(self._held(value, (), 0))

    def _held(
        self, value: object, way: tuple[str, ...], depth: int
    ) -> Iterator[tuple[tuple[str, ...], tuple[Adapter, Any]]]:
        adapter = adapters.owner(value, self.adapters)
        if adapter is not None:
            yield way, (adapter, value)
            return
        if depth > len(INNER) or is_kind(value, CODE):
            return
        for name, inner in list(attributes(value).items()):
            if name in INNER or (depth == 0 and adapters.owner(inner, self.adapters)):
                yield from self._held(inner, (*way, name), depth + 1)

    # Whether one must be made anew.

    def due(self, module: types.ModuleType, name: str, statement: ast.stmt | str) -> Why | None:
        """Say why the statement that bound `name` has to run again although it did not change, or None.

        It does when what it calls makes an app and now does so otherwise, or reads a value that changed.
        """
        if not self.holds(module.__dict__.get(name)):
            return None
        for reached in self._reached(_expression(statement), module.__dict__):
            reason = self.changed(reached)
            if reason:
                return reason
        return None

    def refusal(self, module: types.ModuleType, name: str, statement: ast.stmt | str) -> str:
        """Say what in the making code nothing can take back, so that it must not run twice in one process."""
        if not self.holds(module.__dict__.get(name)):
            return ""
        return self.effect(self._reached(_expression(statement), module.__dict__))

    def effect(self, reach: Iterator[Reached]) -> str:
        for reached in reach:
            for node in (reached.old, reached.new) if reached.runs else ():
                effect = making(node).effect if node is not None else ""
                if effect:
                    return f"{reached.name} {effect}: it cannot run twice in one process"
        return ""

    def changed(self, reached: Reached) -> Why | None:
        """Say what about one making function is new, or None."""
        changed = Why(Kind.CHANGED, reached.name)
        if reached.new is None or reached.old is None:
            return changed if reached.new is not reached.old else None
        if not reached.runs:
            same = reached.new is reached.old or declared(reached.new) == declared(reached.old)
            return None if same else changed
        now = making(reached.new)
        if reached.new is not reached.old and making(reached.old).text != now.text:
            return changed
        name = self._reads_dirty(now, reached)
        return Why(Kind.MAKER_READS, name, reached.name) if name else None

    def _reads_dirty(self, made: Making, reached: Reached) -> str:
        """Give a name that the making reads and whose value changed."""
        for name, attribute in sorted(made.names):
            value: Any = reached.namespace.get(name)
            if is_kind(value, types.ModuleType):
                home, asked = value.__name__, attribute
            else:
                home, asked = reached.namespace.get("__name__", ""), name
            if asked and asked in self.dirty.get(home, ()) and not self._follows(value, attribute):
                return f"{name}.{attribute}" if home != reached.namespace.get("__name__") else name
        return ""

    def _follows(self, value: object, attribute: str) -> bool:
        """Say whether a registry's includers see its new content without being told."""
        adapter = adapters.owner(value, self.adapters)
        return adapter is not None and not adapter.copies(value) and attribute != "routes"

    # What runs while one is made.

    def _reached(self, expression: ast.AST, namespace: dict[str, Any]) -> Iterator[Reached]:
        yield from self._follow(uses_in(expression), namespace, set())

    def _follow(
        self, uses: Uses, namespace: dict[str, Any], seen: set[tuple[str, str]]
    ) -> Iterator[Reached]:
        for name in sorted(uses.called):
            yield from self.enter(meant(name, namespace), seen)
        for name, callee in sorted(uses.handed):
            runs = self._calls(meant(callee, namespace))
            yield from self.enter(meant(name, namespace), seen, runs=runs)

    def _calls(self, callee: Any) -> bool:
        """Say whether `callee` may call what it is given, there and then."""
        if any(callee is one for one in CALLING):
            return True
        owner = callee if is_kind(callee, type) else plain(callee)
        return getattr(owner, "__module__", None) in self.paths

    def enter(
        self, target: Any, seen: set[tuple[str, str]], *, runs: bool = True
    ) -> Iterator[Reached]:
        """Give a function of the user's and all that it runs; of a class, what runs when it is called."""
        if is_kind(target, type):
            for name in ("__new__", "__init__", "__post_init__"):
                yield from self.enter(static(target, name), seen, runs=runs)
            return
        function = plain(target)
        if function is None or function.__module__ not in self.paths:
            return
        path, name = self.paths[function.__module__], function.__qualname__
        if (path, name) in seen:
            return
        seen.add((path, name))
        reached = self.look(path, name, function.__globals__)
        if reached is None:
            return
        if not runs:
            yield replace(reached, runs=False)
            return
        yield reached
        if reached.new is None:
            return
        made = making(reached.new)
        yield from self._follow(made.uses, function.__globals__, seen)
        owner = owner_of(function.__globals__, function.__qualname__)
        if owner is not None:
            for attribute in sorted(made.own):
                runs = self._runs_own(made, attribute, owner, function.__globals__)
                yield from self.enter(static(owner, attribute), seen, runs=runs)

    def _runs_own(
        self, made: Making, attribute: str, owner: type, namespace: Mapping[str, Any]
    ) -> bool:
        """Say whether ``self.attribute`` runs in a making, or is only handed on: ``add_api_route("/", self.index)``."""
        name = (made.first, attribute)
        if name in made.uses.called:
            return True
        callees = [callee for what, callee in made.uses.handed if what == name]
        return any(
            self._calls(static(owner, c[1]) if c[0] == made.first else meant(c, namespace))
            for c in callees
        )

    def look(self, path: str, name: str, namespace: dict[str, Any]) -> Reached | None:
        """Find a function's definitions, running and new."""
        if path in self._sources:
            old, new = self._sources[path]
            before = found(parsed(old), name)
            after = before if old == new else found(parsed(new), name)
            return Reached(path, name, before, after, namespace)
        text = self._text(path)
        node = found(parsed(text), name) if text is not None else None
        return Reached(path, name, node, node, namespace) if node is not None else None


def is_kind(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Tell the type without asking the object: ``isinstance`` reads ``__class__``, which a proxy may refuse."""
    return issubclass(type(value), kinds)


def _expression(statement: ast.stmt | str) -> ast.AST:
    """Give the right-hand side of an assignment."""
    node: ast.AST = ast.parse(statement).body[0] if isinstance(statement, str) else statement
    value = getattr(node, "value", None)
    return value if isinstance(value, ast.AST) else node


def static(cls: type, name: str) -> object:
    """Look an attribute up on a class without running any of its code."""
    return next((class_dict(base)[name] for base in mro(cls) if name in class_dict(base)), None)


def meant(name: tuple[str, str], namespace: Mapping[str, Any]) -> Any:
    """Give what a name stands for, an attribute of it taken from modules and classes only."""
    target: Any = namespace.get(name[0])
    attribute = name[1]
    if not attribute or target is None:
        return getattr(builtins, name[0], None) if target is None and not attribute else target
    if is_kind(target, types.ModuleType):
        return vars(target).get(attribute)
    return static(target if is_kind(target, type) else type(target), attribute)


def plain(target: Any) -> types.FunctionType | None:
    """Give the function behind methods, partials, wrappers and caches."""
    for _ in range(16):
        if is_kind(target, types.FunctionType):
            function: types.FunctionType = target
            wrapped = function.__dict__.get("__wrapped__")
            if wrapped is None:
                return function
            target = wrapped
        elif type(target) in (staticmethod, classmethod, types.MethodType):
            target = target.__func__
        elif type(target) is functools.partial:
            target = target.func
        elif type(target) is type(functools.lru_cache(len)):
            target = target.__wrapped__
        else:
            return None
    return None

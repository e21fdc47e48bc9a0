"""Apps made by a call: ``app = create_app()``, ``app = Server().app``, ``--factory``.

A module-level app is state: no edit elsewhere makes it anew. But its routes are declared inside the function that
made it, so when that function itself changed (the bodies of the endpoints nested in it aside: those are patched), it
is called again on the side, and what it made is adopted into the live app. What the old call gathered stays: the
locals that endpoints share and the attributes of ``self``, as long as the statements that made them are the same.
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
from hotswap.live.adapters.base import Ran, Refused
from hotswap.live.adapters.identity import put, remember, share
from hotswap.live.closures import Bound, bound_in
from hotswap.live.looking import attributes, class_dict, content, mro, owner_of
from hotswap.live.making import (
    Making,
    Uses,
    changed_bindings,
    declared,
    found,
    making,
    parsed,
    rebound,
    uses_in,
)
from hotswap.source.model import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from hotswap.live.adapters.base import Adapter
    from hotswap.live.journal import Journal

INNER: Final = frozenset({"app", "asgi_app", "application", "wsgi_app"})
"""Attributes under which wrappers keep the app they wrap."""
PLAIN: Final = (bool, int, float, complex, str, bytes, tuple, frozenset, type(None))
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
        self._dirty = dirty
        self._text = text
        self._paths = {module.__name__: path for path, module in modules.items()}
        self._modules = modules
        self._adapters = adapters.active()

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
        adapter = adapters.owner(value, self._adapters)
        if adapter is not None:
            yield way, (adapter, value)
            return
        if depth > len(INNER) or _is(value, CODE):
            return
        for name, inner in list(attributes(value).items()):
            if name in INNER or (depth == 0 and adapters.owner(inner, self._adapters)):
                yield from self._held(inner, (*way, name), depth + 1)

    # Whether one must be made anew.

    def due(self, module: types.ModuleType, name: str, statement: ast.stmt | str) -> str:
        """Say why the statement that bound `name` has to run again although it did not change; ``""`` when not.

        It does when what it calls makes an app and now does so otherwise, or reads a value that changed.
        """
        if not self.holds(module.__dict__.get(name)):
            return ""
        for reached in self._reached(_expression(statement), module.__dict__):
            reason = self._changed(reached)
            if reason:
                return reason
        return ""

    def refusal(self, module: types.ModuleType, name: str, statement: ast.stmt | str) -> str:
        """Say what in the making code nothing can take back, so that it must not run twice in one process."""
        if not self.holds(module.__dict__.get(name)):
            return ""
        return self._effect(self._reached(_expression(statement), module.__dict__))

    def _effect(self, reach: Iterator[Reached]) -> str:
        for reached in reach:
            for node in (reached.old, reached.new) if reached.runs else ():
                effect = making(node).effect if node is not None else ""
                if effect:
                    return f"{reached.name} {effect}: it cannot run twice in one process"
        return ""

    def _changed(self, reached: Reached) -> str:
        """Say what about one making function is new."""
        if reached.new is None or reached.old is None:
            return f"{reached.name} changed" if reached.new is not reached.old else ""
        if not reached.runs:
            same = reached.new is reached.old or declared(reached.new) == declared(reached.old)
            return "" if same else f"{reached.name} changed"
        now = making(reached.new)
        if reached.new is not reached.old and making(reached.old).text != now.text:
            return f"{reached.name} changed"
        name = self._reads_dirty(now, reached)
        return f"{reached.name} reads {name}" if name else ""

    def _reads_dirty(self, made: Making, reached: Reached) -> str:
        """Give a name that the making reads and whose value changed."""
        for name, attribute in sorted(made.names):
            value: Any = reached.namespace.get(name)
            if _is(value, types.ModuleType):
                home, asked = value.__name__, attribute
            else:
                home, asked = reached.namespace.get("__name__", ""), name
            if asked and asked in self._dirty.get(home, ()) and not self._follows(value, attribute):
                return f"{name}.{attribute}" if home != reached.namespace.get("__name__") else name
        return ""

    def _follows(self, value: object, attribute: str) -> bool:
        """Say whether a registry's includers see its new content without being told."""
        adapter = adapters.owner(value, self._adapters)
        return adapter is not None and not adapter.copies(value) and attribute != "routes"

    # What runs while one is made.

    def _reached(self, expression: ast.AST, namespace: dict[str, Any]) -> Iterator[Reached]:
        yield from self._follow(uses_in(expression), namespace, set())

    def _follow(
        self, uses: Uses, namespace: dict[str, Any], seen: set[tuple[str, str]]
    ) -> Iterator[Reached]:
        for name in sorted(uses.called):
            yield from self._enter(_target(name, namespace), seen)
        for name, callee in sorted(uses.handed):
            runs = self._calls(_target(callee, namespace))
            yield from self._enter(_target(name, namespace), seen, runs=runs)

    def _calls(self, callee: Any) -> bool:
        """Say whether `callee` may call what it is given, there and then."""
        if any(callee is one for one in CALLING):
            return True
        owner = callee if _is(callee, type) else _plain(callee)
        return getattr(owner, "__module__", None) in self._paths

    def _enter(
        self, target: Any, seen: set[tuple[str, str]], *, runs: bool = True
    ) -> Iterator[Reached]:
        """Give a function of the user's and all that it runs; of a class, what runs when it is called."""
        if _is(target, type):
            for name in ("__new__", "__init__", "__post_init__"):
                yield from self._enter(_static(target, name), seen, runs=runs)
            return
        function = _plain(target)
        if function is None or function.__module__ not in self._paths:
            return
        path, name = self._paths[function.__module__], function.__qualname__
        if (path, name) in seen:
            return
        seen.add((path, name))
        reached = self._look(path, name, function.__globals__)
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
                yield from self._enter(_static(owner, attribute), seen, runs=runs)

    def _runs_own(
        self, made: Making, attribute: str, owner: type, namespace: Mapping[str, Any]
    ) -> bool:
        """Say whether ``self.attribute`` runs in a making, or is only handed on: ``add_api_route("/", self.index)``."""
        name = (made.first, attribute)
        if name in made.uses.called:
            return True
        callees = [callee for what, callee in made.uses.handed if what == name]
        return any(
            self._calls(_static(owner, c[1]) if c[0] == made.first else _target(c, namespace))
            for c in callees
        )

    def _look(self, path: str, name: str, namespace: dict[str, Any]) -> Reached | None:
        """Find a function's definitions, running and new."""
        if path in self._sources:
            old, new = self._sources[path]
            before = found(parsed(old), name)
            after = before if old == new else found(parsed(new), name)
            return Reached(path, name, before, after, namespace)
        text = self._text(path)
        node = found(parsed(text), name) if text is not None else None
        return Reached(path, name, node, node, namespace) if node is not None else None

    # Putting what was made on the side into what lives.

    def adopt(self, old: Any, new: Any, journal: Journal, token: Any = None) -> Any:
        """Put what the call made into the live app, or into the instance that holds it; give the live one.

        Args:
            old: The value that lives.
            new: What the making statement gave now.
            token: What the adapter's checkpoint gave; None: this is done, and settled, here.

        Raises:
            Refused: They are too different, or an instance cannot take the other's place.
        """
        if old is new:
            return old
        mine, theirs = self.held(old), self.held(new)
        if not mine:
            return new
        if mine.keys() != theirs.keys() or type(old) is not type(new):
            raise Refused(f"a live {type(old).__name__} cannot become a {type(new).__name__}")
        twins = {id(theirs[way][1]): mine[way][1] for way in mine} | {id(new): old}
        self._carry(old, new, twins, journal)
        for way, (adapter, registry) in mine.items():
            mark = adapter.checkpoint(registry, journal) if token is None else token
            adapter.adopt(registry, theirs[way][1], mark, journal)
            if token is None:
                ran = Ran("", frozenset(), frozenset(), (), replayed=True)
                adapter.settle(registry, mark, ran)
        if () not in mine:
            self._carry_instance(old, new, twins, journal)
        return old

    def registered(self, journal: Journal) -> list[Change]:
        """Call the makers of registered apps again where they are due; adopt what they make.

        Raises:
            Refused: It cannot be done in this process.
            Exception: Whatever the user's maker raises.
        """
        changes = []
        for known in registrations:
            maker = known.maker
            reach = list(self._enter(maker, set()))
            reason = next(filter(None, map(self._changed, reach)), "")
            if not reason:
                continue
            effect = self._effect(iter(reach))
            if effect:
                raise Refused(effect)
            self.adopt(known.app, maker(), journal)
            path = reach[0].path
            line = reach[0].new.lineno if reach[0].new is not None else 0
            changes.append(Change("~", path, known.where, "re-run", because=reason, line=line))
        return changes

    def _carry(self, old: Any, new: Any, twins: Mapping[int, Any], journal: Journal) -> None:
        """Let the new endpoints go on with the locals and instances of the old ones."""
        theirs = bound_in(new, self._paths)
        if not theirs:
            return
        mine = bound_in(old, self._paths)
        done: set[int] = set()
        for key, after in theirs.items():
            for was, now in zip(mine.get(key, ()), after, strict=False):
                self._carry_cells(was, now, twins, done)
                if now.owner is None or was.owner is None or was.owner is now.owner:
                    continue
                if id(now.owner) not in done and id(now.owner) not in twins:
                    done.add(id(now.owner))
                    self._carry_instance(was.owner, now.owner, twins, journal)
        for bounds in theirs.values():  # also of endpoints that are new
            for now in bounds:
                for cell in now.cells.values():
                    _point(cell, twins)

    def _carry_cells(
        self, was: Bound, now: Bound, twins: Mapping[int, Any], done: set[int]
    ) -> None:
        for name, cell in now.cells.items():
            other = was.cells.get(name)
            if other is None or other is cell or id(cell) in done:
                continue
            done.add(id(cell))
            try:
                before, after = other.cell_contents, cell.cell_contents
            except ValueError:  # a local that is not bound yet
                continue
            if id(after) in twins or adapters.owner(after, self._adapters) is not None:
                continue
            if self._is_state(was.function, name, before, after):
                cell.cell_contents = before

    def _is_state(self, function: types.FunctionType, name: str, before: Any, after: Any) -> bool:
        """Say whether a local of the making function is what it was: same statement, something that gathers."""
        if _is(after, CODE) or type(before) is not type(after):
            return False
        scope = function.__qualname__
        path = self._paths[function.__module__]
        moved = False
        while "." in scope:
            scope = scope.rpartition(".")[0].removesuffix(".<locals>")
            reached = self._look(path, scope, function.__globals__)
            if reached is None or reached.old is None or reached.new is None:
                continue
            dirty = frozenset(self._dirty.get(function.__module__, ()))
            if name in changed_bindings(reached.old, reached.new, dirty):
                return False
            moved = moved or rebound(reached.new, name)
        return moved or not _is(after, PLAIN)

    def _carry_instance(
        self, old: Any, new: Any, twins: Mapping[int, Any], journal: Journal
    ) -> None:
        """Let an instance that was made again be the old one: same attributes, changed and added ones new."""
        mine, theirs = attributes(old), attributes(new)
        cls = type(old)
        if type(new) is not cls:
            raise Refused(f"a live {cls.__qualname__} cannot become a {type(new).__qualname__}")
        if not theirs and not mine:
            raise Refused(f"{cls.__qualname__} has no __dict__: its state cannot be carried over")
        if cls.__module__ in self._paths:
            changed = self._changed_attributes(cls)
        else:  # a library's wrapper around the app: its arguments are what was edited
            changed = frozenset(f"self.{name}" for name in theirs)
        content = dict(mine)
        for name, value in theirs.items():
            if id(value) in twins:
                content[name] = twins[id(value)]
            elif name not in mine or f"self.{name}" in changed:
                content[name] = value
        remember(mine, journal)
        put(mine, content)
        share(old, new)

    def _changed_attributes(self, cls: type) -> frozenset[str]:
        """Give ``self.x`` for each attribute that the constructor, or a method it calls, sets otherwise now."""
        changed: set[str] = set()
        for reached in self._enter(_static(cls, "__init__"), set()):
            if reached.old is None or reached.new is None or reached.old is reached.new:
                continue
            dirty = frozenset(self._dirty.get(cls.__module__, ()))
            changed |= changed_bindings(reached.old, reached.new, dirty)
        return frozenset(changed)


def _is(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Tell the type without asking the object: ``isinstance`` reads ``__class__``, which a proxy may refuse."""
    return issubclass(type(value), kinds)


def _expression(statement: ast.stmt | str) -> ast.AST:
    """Give the right-hand side of an assignment."""
    node: ast.AST = ast.parse(statement).body[0] if isinstance(statement, str) else statement
    value = getattr(node, "value", None)
    return value if isinstance(value, ast.AST) else node


def _static(cls: type, name: str) -> object:
    """Look an attribute up on a class without running any of its code."""
    return next((class_dict(base)[name] for base in mro(cls) if name in class_dict(base)), None)


def _target(name: tuple[str, str], namespace: Mapping[str, Any]) -> Any:
    """Give what a name stands for, an attribute of it taken from modules and classes only."""
    target: Any = namespace.get(name[0])
    attribute = name[1]
    if not attribute or target is None:
        return getattr(builtins, name[0], None) if target is None and not attribute else target
    if _is(target, types.ModuleType):
        return vars(target).get(attribute)
    return _static(target if _is(target, type) else type(target), attribute)


def _plain(target: Any) -> types.FunctionType | None:
    """Give the function behind methods, partials, wrappers and caches."""
    for _ in range(16):
        if _is(target, types.FunctionType):
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


def _point(cell: types.CellType, twins: Mapping[int, Any]) -> None:
    """Point a new endpoint's ``app`` or ``self`` to the live one."""
    value = content(cell)
    if id(value) in twins:
        cell.cell_contents = twins[id(value)]


__all__: Sequence[str] = ["Factories", "Registration", "register", "registrations"]

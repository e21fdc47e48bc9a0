"""What a making call gave on the side goes into the app that lives, or into the instance that holds it.

What the old call gathered stays: the locals that endpoints share and the attributes of ``self``, as long as the
statements that made them are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotswap.live import adapters
from hotswap.live.adapters.base import Ran, Refused
from hotswap.live.adapters.identity import put, remember, share
from hotswap.live.closures import Bound, bound_in
from hotswap.live.factories import CODE, Factories, is_kind, registrations, static
from hotswap.live.looking import VALUES, attributes, content
from hotswap.live.making import changed_bindings, rebound
from hotswap.source.model import Change

if TYPE_CHECKING:
    import types
    from collections.abc import Mapping

    from hotswap.live.journal import Journal


def adopt(factories: Factories, old: Any, new: Any, journal: Journal, token: Any = None) -> Any:
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
    mine, theirs = factories.held(old), factories.held(new)
    if not mine:
        return new
    if mine.keys() != theirs.keys() or type(old) is not type(new):
        raise Refused(f"a live {type(old).__name__} cannot become a {type(new).__name__}")
    twins = {id(theirs[way][1]): mine[way][1] for way in mine} | {id(new): old}
    _carry(factories, old, new, twins, journal)
    for way, (adapter, registry) in mine.items():
        mark = adapter.checkpoint(registry, journal) if token is None else token
        adapter.adopt(registry, theirs[way][1], mark, journal)
        if token is None:
            ran = Ran("", frozenset(), frozenset(), (), replayed=True)
            adapter.settle(registry, mark, ran)
    if () not in mine:
        _carry_instance(factories, old, new, twins, journal)
    return old


def make_registered(factories: Factories, journal: Journal) -> list[Change]:
    """Call the makers of registered apps again where they are due; adopt what they make.

    Raises:
        Refused: It cannot be done in this process.
        Exception: Whatever the user's maker raises.
    """
    changes = []
    for known in registrations:
        maker = known.maker
        reach = list(factories.enter(maker, set()))
        reason = next(filter(None, map(factories.changed, reach)), None)
        if reason is None:
            continue
        effect = factories.effect(iter(reach))
        if effect:
            raise Refused(effect)
        adopt(factories, known.app, maker(), journal)
        path = reach[0].path
        line = reach[0].new.lineno if reach[0].new is not None else 0
        changes.append(Change("~", path, known.where, "re-run", because=str(reason), line=line))
    return changes


def _carry(
    factories: Factories, old: Any, new: Any, twins: Mapping[int, Any], journal: Journal
) -> None:
    """Let the new endpoints go on with the locals and instances of the old ones."""
    theirs = bound_in(new, factories.paths)
    if not theirs:
        return
    mine = bound_in(old, factories.paths)
    done: set[int] = set()
    for key, after in theirs.items():
        for was, now in zip(mine.get(key, ()), after, strict=False):
            _carry_cells(factories, was, now, twins, done)
            if now.owner is None or was.owner is None or was.owner is now.owner:
                continue
            if id(now.owner) not in done and id(now.owner) not in twins:
                done.add(id(now.owner))
                _carry_instance(factories, was.owner, now.owner, twins, journal)
    for bounds in theirs.values():  # also of endpoints that are new
        for now in bounds:
            for cell in now.cells.values():
                _point(cell, twins)


def _carry_cells(
    factories: Factories, was: Bound, now: Bound, twins: Mapping[int, Any], done: set[int]
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
        if id(after) in twins or adapters.owner(after, factories.adapters) is not None:
            continue
        if _is_state(factories, was.function, name, before, after):
            cell.cell_contents = before


def _is_state(
    factories: Factories, function: types.FunctionType, name: str, before: Any, after: Any
) -> bool:
    """Say whether a local of the making function is what it was: same statement, something that gathers."""
    if is_kind(after, CODE) or type(before) is not type(after):
        return False
    scope = function.__qualname__
    path = factories.paths[function.__module__]
    moved = False
    while "." in scope:
        scope = scope.rpartition(".")[0].removesuffix(".<locals>")
        reached = factories.look(path, scope, function.__globals__)
        if reached is None or reached.old is None or reached.new is None:
            continue
        dirty = frozenset(factories.dirty.get(function.__module__, ()))
        if name in changed_bindings(reached.old, reached.new, dirty):
            return False
        moved = moved or rebound(reached.new, name)
    return moved or not is_kind(after, VALUES)


def _carry_instance(
    factories: Factories, old: Any, new: Any, twins: Mapping[int, Any], journal: Journal
) -> None:
    """Let an instance that was made again be the old one: same attributes, changed and added ones new."""
    mine, theirs = attributes(old), attributes(new)
    cls = type(old)
    if type(new) is not cls:
        raise Refused(f"a live {cls.__qualname__} cannot become a {type(new).__qualname__}")
    if not theirs and not mine:
        raise Refused(f"{cls.__qualname__} has no __dict__: its state cannot be carried over")
    if cls.__module__ in factories.paths:
        changed = _changed_attributes(factories, cls)
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


def _changed_attributes(factories: Factories, cls: type) -> frozenset[str]:
    """Give ``self.x`` for each attribute that the constructor, or a method it calls, sets otherwise now."""
    changed: set[str] = set()
    for reached in factories.enter(static(cls, "__init__"), set()):
        if reached.old is None or reached.new is None or reached.old is reached.new:
            continue
        dirty = frozenset(factories.dirty.get(cls.__module__, ()))
        changed |= changed_bindings(reached.old, reached.new, dirty)
    return frozenset(changed)


def _point(cell: types.CellType, twins: Mapping[int, Any]) -> None:
    """Point a new endpoint's ``app`` or ``self`` to the live one."""
    value = content(cell)
    if id(value) in twins:
        cell.cell_contents = twins[id(value)]

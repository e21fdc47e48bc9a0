"""Unpickling state: what the last image wrote, read into the containers and connections of this one.

The other half of `pickling`: anchors stand for this image's own containers, connection objects come back as shells that
their connection fills (`hotswap.wire.objects`). When something cannot be made any more the stream is read again by an
unpickler that guards each object: that object alone is lost, and counted.
"""

from __future__ import annotations

import functools
import logging
import pickle
import sys
import types
import weakref
from collections import Counter, defaultdict, deque
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from hotswap import hooks
from hotswap.handover import pickling, places, renewed
from hotswap.handover.pickling import Entry
from hotswap.handover.places import CONTAINERS, Place
from hotswap.wire.objects import Lost, Shells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")


class _Source:
    """Some bytes, then a view: what an unpickler reads from, without a copy of the whole."""

    def __init__(self, view: memoryview, start: int = 0) -> None:
        self._view = view
        self.position = start
        self.ahead = b""

    def read(self, size: int = -1) -> bytes:
        if self.ahead:
            taken, self.ahead = self.ahead[:size], self.ahead[size:]
            return taken + self.read(size - len(taken)) if len(taken) < size else taken
        stop = len(self._view) if size < 0 else self.position + size
        data = bytes(self._view[self.position : stop])
        self.position += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self) -> bytes:
        line = bytearray()
        while (byte := self.read(1)) and not line.endswith(b"\n"):
            line += byte
        return bytes(line)


def _prelude(count: int) -> bytes:
    """Give a pickle that loads persistent ids 0..count-1 into memo places 0..count-1, and None."""
    out = bytearray(b"\x80\x05")
    for number in range(count):
        out += b"J" + number.to_bytes(4, "little") + b"Q\x940"  # BININT, BINPERSID, MEMOIZE, POP
    return bytes(out + b"N.")


class Loader:
    """Reads a stream; gives entries and what the anchors stand for in this image."""

    def __init__(self, registry: Registry, state: memoryview) -> None:
        self.anchors: dict[tuple[Place, str], Any] = {}
        self._registry = registry
        self._state = state
        self._carried = registry.carried_ids()
        self._numbered: list[Any] = []
        self.losses: Counter[str] = Counter()
        self.notes: tuple[str, ...] = ()
        """What the last image could not write, a line each."""

    def read(self) -> list[tuple[Entry, Any]]:
        """Give all entries; nothing is put back before everything is read.

        Raises pickle.UnpicklingError when not even the careful way works.
        """
        source = _Source(self._state)
        heads, aliases = pickle.Unpickler(source).load()
        for place, name, module, cls in heads:
            key = (Place(*place), name)
            _import(module)  # a handler had, perhaps; what its import makes is what stands there
            anchor = _standing(*key, self._registry, self._carried)
            if anchor is None or (type(anchor).__module__, type(anchor).__qualname__) != (
                module,
                cls,
            ):
                anchor = _empty(module, cls)
            self.anchors[key] = anchor
            self._numbered.append(anchor)
        for place, name, number in aliases:
            key = (Place(*place), name)
            found = _standing(*key, self._registry, self._carried)
            meant = self._numbered[number]
            self.anchors[key] = found if type(found) is type(meant) else meant
        start = source.position
        try:
            entries = self._load(_Quick, start)
        except Exception as error:  # noqa: BLE001 - whatever a changed class raises
            log.debug("state is read object by object: %r", error)
            self.losses.clear()
            entries = self._load(_Guarded, start)
        return [(entry, value) for entry, value in entries if not isinstance(value, Lost)]

    def _load(self, make: Any, start: int) -> list[tuple[Entry, Any]]:
        source = _Source(self._state, start)
        source.ahead = _prelude(len(self._numbered))
        unpickler = make(source)
        unpickler.loader = self
        unpickler.load()
        entries = []
        while type(pair := unpickler.load()) is tuple:
            (place, *rest), value = pair
            entries.append((Entry(Place(*place), *rest), value))
        self.notes = tuple(pair or ())
        return entries

    def numbered(self, number: int) -> Any:
        """Give what an anchor's number stands for in this image."""
        return self._numbered[number]

    def find(self, module: str, name: str, found: Callable[[str, str], Any]) -> Any:
        """Find a class or function; what the new code no longer has makes `Lost` objects."""
        if module == pickling.__name__:
            return {
                "connection": self._connection,
                "lost": self._named,
                "without_factory": self._without_factory,
            }[name]
        try:
            return found(module, name)
        except (ImportError, AttributeError):
            return functools.partial(self._lost, name)

    def _lost(self, what: str, *_: object) -> Lost:
        self.losses[what] += 1
        return Lost(what)

    def _named(self, what: str, which: str = "") -> Lost:
        """Count what the last image could not pickle; of a task, say, `which` tells what it did."""
        self.losses[f"{what} ({which})" if which else what] += 1
        return Lost(what)

    def _without_factory(self, what: str) -> defaultdict[Any, Any]:
        self.losses[what] += 1
        return defaultdict(None)

    def _connection(self, role: str, identity: int, ordinal: int, cls: Any) -> Any:
        if identity not in self._carried or not isinstance(cls, type):
            return self._lost(getattr(cls, "__qualname__", role))
        standing = self._registry.arrivals.standing
        if identity not in standing:
            standing[identity] = Shells(identity, self._registry)
        return standing[identity].stand_for(role, ordinal, cls)


class _Quick(pickle.Unpickler):
    loader: Loader

    def find_class(self, module: str, name: str) -> Any:
        return self.loader.find(module, name, super().find_class)

    def persistent_load(self, number: Any) -> Any:
        return self.loader.numbered(number)


class _Guarded(pickle._Unpickler):
    """Puts a `Lost` where an object cannot be made any more: its class has gone, or takes other arguments."""

    loader: Loader
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        return self.loader.find(module, name, super().find_class)

    def persistent_load(self, number: Any) -> Any:
        return self.loader.numbered(number)


_build = _Guarded.dispatch[pickle.BUILD[0]]


def _attributes(self: Any) -> None:
    """Give an object its attributes: in slots, where its class has them now, or in its dict where it has none now."""
    state, made = self.stack[-1], self.stack[-2]
    own = state[1] if type(state) is tuple and len(state) == 2 and not state[0] else state
    setter = getattr(made, "__setstate__", None)
    if type(own) is not dict or (setter is not None and not _by_order(setter)):
        _build(self)
        return
    self.stack.pop()
    places.set_attributes(made, own.items())


def _by_order(setter: Any) -> bool:
    """Say whether it is the `__setstate__` of a dataclass, which takes values in the order of the fields."""
    return getattr(setter, "__module__", "") == "dataclasses"


_Guarded.dispatch[pickle.BUILD[0]] = _attributes


def _guard(opcode: bytes, taken: int) -> None:
    """Let `opcode`, which makes one object out of the `taken` topmost ones, make a `Lost` when that fails."""
    plain = _Guarded.dispatch[opcode[0]]

    def load(self: Any) -> None:
        stack = list(self.stack[-taken:])
        depth = len(self.stack)
        try:
            plain(self)
        except Exception as error:  # noqa: BLE001 - whatever the app's constructor raises
            log.debug("lost: %r", error)
            del self.stack[depth - taken :]
            first = stack[0]
            if isinstance(first, Lost):
                self.stack.append(first)
            else:
                cls = first if isinstance(first, (type, types.FunctionType)) else type(first)
                self.stack.append(self.loader._lost(getattr(cls, "__qualname__", repr(cls))))

    _Guarded.dispatch[opcode[0]] = load


for _opcode, _taken in (
    (pickle.REDUCE, 2),
    (pickle.NEWOBJ, 2),
    (pickle.NEWOBJ_EX, 3),
    (pickle.BUILD, 2),
):
    _guard(_opcode, _taken)


def _standing(place: Place, name: str, registry: Registry, carried: frozenset[int]) -> Any:
    """Find what stands at a place in this image; None when there is nothing."""
    if place.kind == "memory":
        identity = int(place.module)
        if identity not in carried:
            return None
        if identity not in registry.arrivals.standing:
            registry.arrivals.standing[identity] = Shells(identity, registry)
        return registry.arrivals.standing[identity].memory
    if place.kind == "keep":
        return hooks.runtime.kept.get((place.module, name))
    holder = places.holder_of(place)
    if holder is None or not name:
        return holder
    if place.kind == "app":
        return places.items(place, holder, frozenset()).get(name)
    return places.attributes(holder).get(name) if place.kind == "object" else vars(holder).get(name)


def _import(module: str) -> None:
    if module not in sys.modules:
        try:
            import_module(module)
        except Exception as error:  # noqa: BLE001 - the app's; its objects are `Lost`, and named
            log.debug("%s is not imported again: %r", module, error)


def _empty(module: str, name: str) -> Any:
    """Make an empty object of a class; a `Lost` when the class has gone."""
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found() if found in CONTAINERS else found.__new__(found)
    except Exception:  # noqa: BLE001 - the class is the app's
        return Lost(name)


def tidy(roots: Iterable[Any], registry: Registry) -> None:
    """Remove every `Lost` from restored values, and find the lists that hold connections.

    A handler that starts from the top appends its connection again; a list, unlike a set, would have it twice.
    """
    shells = {
        id(each): standing
        for standing in registry.arrivals.standing.values()
        for each in standing.objects()
    }
    seen: set[int] = set()
    todo: deque[Any] = deque(roots)
    while todo:
        each = todo.popleft()
        if isinstance(each, _LEAVES) or id(each) in seen or id(each) in shells:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            for key in [key for key, held in each.items() if _is_lost(key) or _is_lost(held)]:
                del each[key]
            todo.extend(each)
            todo.extend(each.values())
        elif isinstance(each, (list, deque)):
            kept = [held for held in each if not _is_lost(held)]
            if len(kept) != len(each):
                each.clear()
                each.extend(kept)
            for held in kept if shells else ():
                for part in held if type(held) is tuple else (held,):
                    if id(part) in shells:
                        shells[id(part)].held_by(each, held)
            todo.extend(kept)
        elif isinstance(each, set):
            each -= {held for held in each if _is_lost(held)}
            todo.extend(each)
        elif isinstance(each, (tuple, frozenset, weakref.WeakSet, weakref.WeakValueDictionary)):
            todo.extend(each.values() if isinstance(each, weakref.WeakValueDictionary) else each)
        elif type(each) in places.QUEUES:
            todo.append(places.waiting(each))
        elif hasattr(each, "__dict__"):
            for name, held in list(vars(each).items()):
                if isinstance(held, Lost) and held.what in renewed.RUNNING:
                    setattr(each, name, None)  # as it was before something ran
                elif isinstance(held, Lost):
                    delattr(each, name)
            todo.extend(vars(each).values())


_LEAVES = (*places.SCALARS, type, types.FunctionType, types.ModuleType, bytearray)


def _is_lost(value: Any) -> bool:
    """Say whether an entry goes with what was lost: itself, or a tuple that names it (``(name, websocket)``)."""
    return isinstance(value, Lost) or (
        type(value) is tuple and any(_is_lost(each) for each in value)
    )

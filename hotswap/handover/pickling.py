"""Pickling state: one stream with one memo, so that what is shared stays shared, and nothing bad spoils the rest.

The containers of all places are *anchors*: put into the pickler's memo beforehand, they are written as references
wherever they occur, and `unpickling` puts the new image's own containers under the same numbers. Connection objects are
written by name (`hotswap.wire.objects`). When something cannot be pickled the stream is written again by a pickler
that asks each object first: that object alone is lost, and named. `unpickling` falls back in the same way.
"""

from __future__ import annotations

import copyreg
import io
import logging
import pickle
import sys
import types
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from hotswap.handover import places, renewed
from hotswap.handover.places import CONTAINERS, Place
from hotswap.wire.objects import Lost, carried_types, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hotswap.handover.carrier import Writer
    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")

PROTOCOL = 5


class Entry(NamedTuple):
    """One carried value."""

    place: Place
    name: str
    was: str = ""
    """The type it had right after import in the old image; empty when it was not there."""
    late: bool = False
    """Start-up sets it: put back again after start-up."""
    filled: str = ""
    """The type of a container or object whose content this is, to be put into the one of the new image."""


def type_name(value: object) -> str:
    """Give ``module.qualname`` of a value's type."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def shaped(entry: Entry, value: Any) -> Any:
    """Give what is written of a value: its content where only that is carried."""
    if not entry.filled:
        return value
    if type(value) in CONTAINERS:
        return places.content(value)
    return list(places.attributes(value).items())


def connection(role: str, identity: int, ordinal: int, cls: Any) -> Any:
    """Stand in the stream for a connection object; the loader puts its own function in the place of this one."""
    raise LookupError(f"{role} {identity}.{ordinal} of {cls!r} outside a loader")


def lost(what: str, which: str = "") -> Lost:  # noqa: ARG001
    """Stand in the stream for an object that could not be pickled; the loader counts them, told apart by `which`."""
    return Lost(what)


def dumps(value: Any) -> bytes | None:
    """Pickle what a value holds by itself; None when that cannot be done."""
    out = io.BytesIO()
    pickler = pickle.Pickler(out, PROTOCOL)
    pickler.dispatch_table = renewed.table
    try:
        pickler.dump(places.content(value) if type(value) in CONTAINERS else value)
    except Exception:  # noqa: BLE001 - whatever a __reduce__ of the app's raises
        return None
    return out.getvalue()


def without_factory(what: str) -> defaultdict[Any, Any]:
    """Stand in the stream for an empty defaultdict whose factory could not be pickled; the loader counts them."""
    raise LookupError(f"{what} outside a loader")


def by_name(thing: Any) -> Any:
    """Reduce a slotted, frozen dataclass by names: by itself it gives its values in the order of its fields."""
    made, given = copyreg.__newobj__, (type(thing),)  # type: ignore[attr-defined]
    return made, given, list(places.attributes(thing).items()), None, None, places.set_attributes


def _ordered(modules: Iterable[str]) -> Iterator[type]:
    """Give the classes of the program that would write their values without names."""
    for name in modules:
        module = sys.modules.get(name)
        for value in list(vars(module).values()) if module is not None else ():
            getter = vars(value).get("__getstate__") if issubclass(type(value), type) else None
            if getattr(getter, "__module__", "") == "dataclasses":
                yield value


class _Asking(pickle.Pickler):
    """Asks each object beforehand whether it can be pickled, and writes a `Lost` for those that cannot.

    An object of the program loses only what it holds and cannot be pickled. One of a library, which nobody here knows,
    is carried as a whole or not at all: half a client or response would be worse than none.
    """

    own: frozenset[str] = frozenset()
    """Names of the program's modules."""
    anchors: Sequence[Any] = ()

    def reducer_override(self, thing: Any) -> Any:
        cls = type(thing)
        if cls in self.dispatch_table:
            return NotImplemented
        if isinstance(thing, renewed.RESOURCES):
            return (lost, (cls.__qualname__, renewed.work_of(thing)))
        if cls is defaultdict and dumps([thing.default_factory]) is None:
            factory = getattr(thing.default_factory, "__qualname__", "default_factory")
            return (without_factory, (factory,), None, None, iter(thing.items()))
        try:
            if isinstance(thing, (type, types.FunctionType, types.BuiltinFunctionType)):
                pickle.dumps(thing, PROTOCOL)
            elif cls.__module__ in self.own or cls in places.PLAIN:
                thing.__reduce_ex__(PROTOCOL)
            else:
                self._try_whole(thing)
        except Exception:  # noqa: BLE001 - whatever a __reduce__ of the app's raises
            return (lost, (_name_of(thing),))
        return NotImplemented

    def _try_whole(self, thing: Any) -> None:
        pickler = pickle.Pickler(io.BytesIO(), PROTOCOL)
        pickler.dispatch_table = self.dispatch_table
        pickler.memo = {id(value): (number, value) for number, value in enumerate(self.anchors)}
        pickler.dump(thing)


def _name_of(thing: Any) -> str:
    """Give the name of a class or function, else of an object's class, without asking the object."""
    if isinstance(thing, (type, types.FunctionType, types.BuiltinFunctionType)):
        return thing.__qualname__
    return type(thing).__qualname__


class Stream:
    """Writes entries with shared identity."""

    def __init__(
        self, registry: Registry, carried: frozenset[int], own: frozenset[str] = frozenset()
    ) -> None:
        self._registry = registry
        self._carried = carried
        self._own = own
        self._anchors: list[Any] = []
        self._heads: list[tuple[tuple[str, ...], str, str, str]] = []
        self._aliases: list[tuple[tuple[str, ...], str, int]] = []
        self._anchored: dict[int, int] = {}
        self.lost: list[str] = []

    def anchor(self, place: Place, name: str, value: Any) -> None:
        """Let every reference to `value` mean what stands at this place in the next image."""
        number = self._anchored.setdefault(id(value), len(self._anchors))
        if number < len(self._anchors):
            self._aliases.append((tuple(place), name, number))
        else:
            self._anchors.append(value)
            cls = type(value)
            self._heads.append((tuple(place), name, cls.__module__, cls.__qualname__))

    def write(self, writer: Writer, entries: Sequence[tuple[Entry, Any]]) -> None:
        """Write all entries, each as `shaped` gave it; what cannot be written is named in `lost`."""
        table = dict(renewed.table)
        for cls in carried_types(self._registry):
            table[cls] = self._named
        table |= dict.fromkeys(_ordered(self._own), by_name)
        mark = writer.tell()
        try:
            self._dump(pickle.Pickler, writer, table, entries)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a __reduce__ of the app's raises
            log.debug("state is pickled object by object: %r", error)
            writer.rewind(mark)
            whole = [pair for pair in entries if self._picklable(table, pair)]
            self._dump(_Asking, writer, table, whole)

    def _dump(
        self,
        make: Callable[..., Any],
        writer: Any,
        table: dict[type, Any],
        entries: Iterable[tuple[Entry, Any]],
    ) -> None:
        pickle.Pickler(writer, PROTOCOL).dump((self._heads, self._aliases))
        pickler = make(writer, PROTOCOL)
        pickler.dispatch_table = table
        if make is _Asking:
            pickler.own, pickler.anchors = self._own, self._anchors
        pickler.memo = {id(value): (number, value) for number, value in enumerate(self._anchors)}
        for entry, value in entries:
            pickler.dump(((tuple(entry.place), *entry[1:]), value))
        pickler.dump(self.lost)

    def _picklable(self, table: dict[type, Any], pair: tuple[Entry, Any]) -> bool:
        """Say whether an entry can be written at all, if need be with losses."""
        entry, _ = pair
        try:
            self._dump(_Asking, io.BytesIO(), table, [pair])
        except Exception as error:  # noqa: BLE001 - too deep, or whatever the app raises
            self.lost.append(f"{entry.place}.{entry.name} cannot be pickled: {error!r}")
            return False
        return True

    def _named(self, thing: Any) -> Any:
        """Reduce a connection object to its name."""
        found = reference(thing, self._registry)
        if found is None or found[1] not in self._carried:
            return (lost, (type(thing).__qualname__,))
        return (connection, (*found, type(thing)))

"""Where a program keeps state: module globals, class attributes, ``app.state``, and attributes of its own objects.

A *place* is such a namespace, found again in the next image by module and name. What is plain data and what is a
resource (a lock, a client, an engine) is decided here, by type alone.
"""

from __future__ import annotations

import array
import asyncio
import collections
import datetime as dt
import decimal
import enum
import fractions
import itertools
import pathlib
import queue
import sys
import types
import uuid
import weakref
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

QUEUES: tuple[type, ...] = (
    asyncio.Queue,
    asyncio.LifoQueue,
    asyncio.PriorityQueue,
    queue.Queue,
    queue.LifoQueue,
    queue.PriorityQueue,
)
"""What waits in them is carried; who waits for it is not."""

CONTAINERS: tuple[type, ...] = (
    dict,
    list,
    set,
    bytearray,
    collections.deque,
    collections.defaultdict,
    collections.Counter,
    collections.OrderedDict,
    weakref.WeakSet,
    weakref.WeakValueDictionary,
    weakref.WeakKeyDictionary,
    *QUEUES,
)
"""Put back in place: other modules may hold the very object."""

SCALARS: tuple[type, ...] = (bool, int, float, complex, str, bytes, type(None))

PLAIN = frozenset(
    {
        *CONTAINERS,
        *SCALARS,
        tuple,
        frozenset,
        range,
        dt.date,
        dt.datetime,
        dt.time,
        dt.timedelta,
        dt.timezone,
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
        pathlib.PurePosixPath,
        pathlib.PosixPath,
        types.SimpleNamespace,
        itertools.count,
        array.array,
        collections.ChainMap,
        collections.UserDict,
        collections.UserList,
    }
)

_PLAIN_BY_NAME = frozenset(
    {
        "ipaddress.IPv4Address",
        "ipaddress.IPv4Network",
        "ipaddress.IPv6Address",
        "ipaddress.IPv6Network",
        "random.Random",
        "zoneinfo.ZoneInfo",
    }
)
"""Of modules that need not be imported for them."""


_WHOLE = (*CONTAINERS, *SCALARS, tuple, frozenset, type, enum.Enum, BaseException)
"""Of these and their subclasses (a namedtuple, say) a value is carried as a whole: attributes are not all of it."""


APPLICATION = "aiohttp.web.Application"
"""Stands for the module of the places of such."""


class Place(NamedTuple):
    """A namespace that holds state: ``kind`` is ``module``, ``class``, ``object`` or ``app`` (`app.state` of Starlette,
    an application of aiohttp)."""

    module: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.module, self.name) if part)


def own_object(value: Any, modules: frozenset[str]) -> bool:
    """Say whether `value` is an instance of a class of the program whose attributes may be put back one by one."""
    cls = type(value)
    if cls.__module__ not in modules or isinstance(value, _WHOLE):
        return False
    return not any(
        name in owner.__dict__
        for owner in cls.__mro__
        if owner is not object
        for name in ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
    )


def plain(value: Any, modules: frozenset[str]) -> bool:
    """Say whether `value` is data: of a plain type, or an instance of a class of the program."""
    cls = type(value)
    if cls in PLAIN:
        return True
    if issubclass(cls, (type, types.FunctionType, types.ModuleType)):
        return False
    return cls.__module__ in modules or f"{cls.__module__}.{cls.__qualname__}" in _PLAIN_BY_NAME


DEPTH = 4
"""How far own objects are followed through their attributes; what lies deeper is part of a value."""


class Survey(NamedTuple):
    """Every place of some modules."""

    places: list[tuple[Place, Any]]
    """Each with the object that holds it; an object once, under the first name that leads to it."""
    objects: dict[tuple[Place, str], tuple[Place, Any]]
    """Every name that means an object of the program: the object's own place, and the object."""


def survey(
    module_list: Iterable[Any],
    aliases: frozenset[tuple[Place, str]] = frozenset(),
    names: frozenset[str] = frozenset(),
) -> Survey:
    """Find every place of the modules.

    Args:
        module_list: Tracked modules.
        aliases: Names that lead to no object first: each meant what another name meant.
        names: Names of all tracked modules, when `module_list` holds some of them.
    """
    members = list(module_list)
    names = names or frozenset(module.__name__ for module in members)
    found = Survey([], {})
    follower = _Follower(found, names, aliases)
    for module in members:
        own = Place(module.__name__, "module")
        found.places.append((own, module))
        for name, value in list(vars(module).items()):
            if name.startswith("__") or _never_a_place(value):
                continue
            if issubclass(type(value), type):
                if value.__module__ == module.__name__ and not issubclass(value, enum.Enum):
                    found.places.append((Place(module.__name__, "class", name), value))
            elif own_object(value, names):
                follower.follow(own, name, value, DEPTH)
            else:
                state = _own_attributes(value).get("state")
                if type(state).__name__ == "State" and isinstance(vars(state).get("_state"), dict):
                    found.places.append((Place(module.__name__, "app", name), state))
    follower.finish()
    found.places.extend(_applications())
    return found


def _applications() -> list[tuple[Place, Any]]:
    """Give the applications of aiohttp, which hold state by key; a function makes them, so they are told by number."""
    wire = sys.modules.get("hotswap.wire.aiohttp")
    alive = [each() for each in wire.applications] if wire is not None else []
    return [
        (Place(APPLICATION, "app", str(number)), each)
        for number, each in enumerate(alive)
        if each is not None
    ]


def _key_name(key: Any) -> str:
    """Give the name of a key of an app's state: a string, or an ``aiohttp.web.AppKey``."""
    return key if isinstance(key, str) else str(getattr(key, "_name", ""))


def _never_a_place(value: Any) -> bool:
    """Say at once what most of a module's names mean: modules, and functions without attributes."""
    kind = type(value)
    if kind is types.FunctionType:
        return not value.__dict__
    return kind is types.ModuleType


class _Follower:
    """Notes objects of the program, and those in their attributes; each once, by the name that leads to it first."""

    def __init__(
        self, found: Survey, names: frozenset[str], aliases: frozenset[tuple[Place, str]]
    ) -> None:
        self._found = found
        self._names = names
        self._aliases = aliases
        self._known: dict[int, Place] = {}
        self._later: list[tuple[Place, str, Any, int]] = []

    def follow(self, parent: Place, name: str, value: Any, depth: int) -> None:
        if (parent, name) in self._aliases:
            self._later.append((parent, name, value, depth))
        else:
            self._note(parent, name, value, depth)

    def finish(self) -> None:
        while self._later:
            self._note(*self._later.pop(0))

    def _note(self, parent: Place, name: str, value: Any, depth: int) -> None:
        place = self._known.get(id(value))
        if place is not None:
            self._found.objects[parent, name] = (place, value)
            return
        path = f"{parent.name}.{name}" if parent.name else name
        place = self._known[id(value)] = Place(parent.module, "object", path)
        self._found.objects[parent, name] = (place, value)
        self._found.places.append((place, value))
        if depth > 1:
            for each, held in attributes(value).items():
                if own_object(held, self._names):
                    self.follow(place, each, held, depth - 1)


def items(place: Place, holder: Any, modules: frozenset[str]) -> dict[str, Any]:
    """Give the plain data of a place by name; without what has a place of its own."""
    if place.kind == "app":
        found = {_key_name(key): value for key, value in vars(holder)["_state"].items()}
    elif place.kind == "object":
        found = attributes(holder)
    else:
        found = vars(holder)
    shallow = place.kind == "module" or (
        place.kind == "object" and place.name.count(".") < DEPTH - 1
    )
    return {
        name: value
        for name, value in list(found.items())
        if type(value) is not types.FunctionType  # what most names of a module mean
        and not name.startswith("__")
        and plain(value, modules)
        and not (shallow and own_object(value, modules))
        and not (place.kind == "class" and _descriptor(value))
    }


def _own_attributes(value: Any) -> dict[str, Any]:
    """Give the instance dictionary without asking `value`: a proxy (Flask's ``request``) would raise, or load."""
    for owner in type(value).__mro__:
        descriptor = owner.__dict__.get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType:
            found: dict[str, Any] = descriptor.__get__(value)
            return found
        if descriptor is not None:
            break
    return {}


def _descriptor(value: Any) -> bool:
    return hasattr(type(value), "__get__")


def attributes(thing: Any) -> dict[str, Any]:
    """Give the instance attributes of `thing`, slots included."""
    found = dict(getattr(thing, "__dict__", {}))
    for owner in type(thing).__mro__:
        slots = owner.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                found[name] = getattr(thing, name)
    return found


def set_attributes(thing: Any, values: Iterable[tuple[str, Any]]) -> None:
    """Set instance attributes as they were, without asking the class; those for which it has no room now go."""
    namespace: Any = getattr(thing, "__dict__", None)
    for name, value in values:
        try:
            object.__setattr__(thing, name, value)
        except AttributeError:  # a property of that name by now, or no such slot
            if type(namespace) is dict:
                namespace[name] = value


def holder_of(place: Place) -> Any:
    """Find the object of a place in this image; None when the code no longer has it."""
    if place.module == APPLICATION:
        return dict(_applications()).get(place)
    found: Any = sys.modules.get(place.module)
    if found is None or place.kind == "module":
        return found
    if place.kind == "object":
        for name in place.name.split("."):
            known = vars(found) if isinstance(found, types.ModuleType) else attributes(found)
            found = known.get(name)
        return found
    found = vars(found).get(place.name)
    if place.kind == "app":
        return getattr(found, "state", None)
    return found if isinstance(found, type) else None


def may_come(place: Place) -> bool:
    """Say whether a place belongs to a module that nobody has imported yet, and that is there."""
    if place.kind not in ("module", "class", "object") or place.module in sys.modules:
        return False
    return _is_there(place.module)


def _is_there(module: str) -> bool:
    package = module.rpartition(".")[0]
    if package and package not in sys.modules:
        return _is_there(package)
    try:
        folders = sys.modules[package].__path__ if package else None
        return PathFinder.find_spec(module, folders) is not None
    except (AttributeError, ImportError, ValueError):
        return False


def put(place: Place, holder: Any, name: str, value: Any) -> None:
    """Set one value of a place."""
    if place.kind == "app":
        state = vars(holder)["_state"]
        state[next((key for key in state if _key_name(key) == name), name)] = value
    else:
        setattr(holder, name, value)


def content(value: Any) -> Any:
    """Give what a container holds, in a container that may be pickled in its stead."""
    if isinstance(value, (dict, weakref.WeakValueDictionary, weakref.WeakKeyDictionary)):
        return list(value.items())
    if isinstance(value, bytearray):
        return bytes(value)
    return list(waiting(value)) if type(value) in QUEUES else list(value)


def waiting(value: Any) -> Any:
    """Give the container in which a queue keeps what waits in it."""
    return value.queue if isinstance(value, queue.Queue) else value._queue


def size(value: Any) -> int:
    """Count what a container holds; -1 of anything else."""
    if type(value) not in CONTAINERS:
        return -1
    return value.qsize() if type(value) in QUEUES else len(value)


def refill(value: Any, held: Any) -> None:
    """Put `held`, as `content` gave it, into the container in place."""
    if isinstance(value, (dict, weakref.WeakValueDictionary, weakref.WeakKeyDictionary)):
        value.clear()
        for key, each in held:  # Counter.update would count the pairs
            value[key] = each
    elif isinstance(value, (set, weakref.WeakSet)):
        value.clear()
        value.update(held)
    elif isinstance(value, collections.deque):
        value.clear()
        value.extend(held)
    elif type(value) in QUEUES:
        waiting(value).clear()
        for each in held:
            value.put_nowait(each)
    else:
        value[:] = held

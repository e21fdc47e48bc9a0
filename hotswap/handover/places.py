"""Where a program keeps state: module globals, class attributes, ``app.state``, and attributes of its own objects.

A *place* is such a namespace, found again in the next image by module and name. What is plain data and what is a
resource (a lock, a client, an engine) is decided here, by type alone.
"""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import sys
import types
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTAINERS: tuple[type, ...] = (
    dict,
    list,
    set,
    bytearray,
    collections.deque,
    collections.defaultdict,
    collections.Counter,
    collections.OrderedDict,
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
    }
)


class Place(NamedTuple):
    """A namespace that holds state: ``kind`` is ``module``, ``class``, ``object`` or ``app``."""

    module: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.module, self.name) if part)


def own_object(value: Any, modules: frozenset[str]) -> bool:
    """Say whether `value` is an instance of a class of the program whose attributes may be put back one by one."""
    cls = type(value)
    if cls.__module__ not in modules or isinstance(
        value, (*CONTAINERS, type, enum.Enum, BaseException)
    ):
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
    return cls.__module__ in modules


def find(module_list: Iterable[Any]) -> Iterator[tuple[Place, Any]]:
    """Give every place of the modules with the object that holds it."""
    members = list(module_list)
    names = frozenset(module.__name__ for module in members)
    for module in members:
        yield Place(module.__name__, "module"), module
        for name, value in list(vars(module).items()):
            if name.startswith("__"):
                continue
            if issubclass(type(value), type):
                if value.__module__ == module.__name__ and not issubclass(value, enum.Enum):
                    yield Place(module.__name__, "class", name), value
            elif own_object(value, names):
                yield Place(module.__name__, "object", name), value
            else:
                state = _own_attributes(value).get("state")
                if type(state).__name__ == "State" and isinstance(vars(state).get("_state"), dict):
                    yield Place(module.__name__, "app", name), state


def items(place: Place, holder: Any, modules: frozenset[str]) -> dict[str, Any]:
    """Give the plain data of a place by name."""
    if place.kind == "app":
        found = vars(holder)["_state"]
    elif place.kind == "object":
        found = attributes(holder)
    else:
        found = vars(holder)
    return {
        name: value
        for name, value in list(found.items())
        if not name.startswith("__")
        and plain(value, modules)
        and not (place.kind == "module" and own_object(value, modules))
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


def holder_of(place: Place) -> Any:
    """Find the object of a place in this image; None when the code no longer has it."""
    module = sys.modules.get(place.module)
    if module is None or place.kind == "module":
        return module
    found = vars(module).get(place.name)
    if place.kind == "app":
        return getattr(found, "state", None)
    if place.kind == "class":
        return found if isinstance(found, type) else None
    return found


def put(place: Place, holder: Any, name: str, value: Any) -> None:
    """Set one value of a place."""
    if place.kind == "app":
        vars(holder)["_state"][name] = value
    else:
        setattr(holder, name, value)


def content(value: Any) -> Any:
    """Give what a container holds, in a container that may be pickled in its stead."""
    if isinstance(value, dict):
        return list(value.items())
    return bytes(value) if isinstance(value, bytearray) else list(value)


def refill(value: Any, held: Any) -> None:
    """Put `held`, as `content` gave it, into the container in place."""
    if isinstance(value, dict):
        value.clear()
        for key, each in held:  # Counter.update would count the pairs
            value[key] = each
    elif isinstance(value, set):
        value.clear()
        value.update(held)
    elif isinstance(value, collections.deque):
        value.clear()
        value.extend(held)
    else:
        value[:] = held

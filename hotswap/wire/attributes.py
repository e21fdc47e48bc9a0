"""What a protocol object keeps in its attributes, and which of it is its own and crosses execve."""

from __future__ import annotations

import pickle
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Packed = tuple[tuple[str, bytes], ...]
"""Attribute name and pickled value."""

_ATOMS = frozenset({bool, int, float, str, bytes, type(None)})
"""Types whose values are the same wherever they stand."""


class Shared:
    """What protocols share (a hub, a dict of rooms): a fresh one gets it as the old one did, from module or factory.

    A copy of it would cut the protocol off from the others.

    Args:
        protocols: All that live. Looked at once for all: a thousand connections have a thousand of them.
    """

    def __init__(self, protocols: Iterable[Any]) -> None:
        times: Counter[int] = Counter()
        for protocol in protocols:
            times.update({id(value) for value in of(protocol).values()})
        self._ids = {value for value, count in times.items() if count > 1}
        for module in list(sys.modules.values()):
            self._ids.update(map(id, list(getattr(module, "__dict__", {}).values())))

    def has(self, value: object) -> bool:
        """Say whether somebody else has this very object."""
        return id(value) in self._ids


def pack(protocol: Any, factory: Any, shared: Callable[[], Shared]) -> Packed:
    """Give the attributes that are this protocol's alone, or what it says itself (``__hotswap_save__``).

    Args:
        protocol: Whose attributes.
        factory: What made it.
        shared: Gives what protocols share; asked where there is more than plain values.
    """
    save = getattr(protocol, "__hotswap_save__", None)
    names = save() if save is not None else _own(protocol, factory, shared)
    packed = []
    for name, value in names.items():
        try:
            packed.append((name, pickle.dumps(value, 5)))
        except Exception:  # noqa: BLE001, S112
            continue  # the fresh protocol makes its own: transports, loops, tasks, locks
    return tuple(packed)


def unpack(protocol: Any, packed: Packed) -> None:
    """Give a fresh protocol the attributes of the one before it."""
    restored = {name: pickle.loads(value) for name, value in packed}
    load = getattr(protocol, "__hotswap_load__", None)
    if load is not None:
        load(restored)
        return
    for name, value in restored.items():
        setattr(protocol, name, value)


def _own(protocol: Any, factory: Any, shared: Callable[[], Shared]) -> dict[str, Any]:
    found = of(protocol)
    if all(type(value) in _ATOMS for value in found.values()):
        return found
    given, theirs = _given_to(factory), shared()
    return {
        name: value
        for name, value in found.items()
        if type(value) in _ATOMS or not (id(value) in given or theirs.has(value))
    }


def of(protocol: Any) -> dict[str, Any]:
    """Give the instance attributes of `protocol`, slots included."""
    found = dict(getattr(protocol, "__dict__", {}))
    for owner in type(protocol).__mro__:
        slots = owner.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(protocol, name):
                found[name] = getattr(protocol, name)
    return found


def _given_to(factory: Any) -> set[int]:
    """Give the identities of what a protocol factory hands to the protocols it makes."""
    inner = getattr(factory, "func", factory)  # functools.partial
    cells = getattr(inner, "__closure__", None) or ()
    held = [cell.cell_contents for cell in cells if _is_full(cell)]
    held += getattr(factory, "args", ())
    held += (getattr(factory, "keywords", None) or {}).values()
    held += getattr(inner, "__defaults__", None) or ()
    held.append(getattr(inner, "__self__", None))
    return {id(value) for value in held}


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True

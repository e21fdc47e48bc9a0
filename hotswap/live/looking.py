"""Looking at objects without asking them: none of their own code runs (proxies, mocks, metaclasses)."""

from __future__ import annotations

from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.journal import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CellType

class_dict: Final[Callable[[type], Mapping[str, Any]]] = type.__dict__["__dict__"].__get__
"""Gives a class's own namespace, live and past any metaclass."""
mro: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
"""Gives a class and its bases in the order in which attributes are looked up."""
PLAIN: Final[frozenset[type]] = frozenset({int, float, complex, bool, str, bytes, type(None)})
"""Types of values that nobody can change: one is as good as an equal one."""
VALUES: Final[tuple[type, ...]] = (*PLAIN, tuple, frozenset)
"""They, and what may be made of them."""
HEAP_TYPE: Final = 1 << 9
"""Py_TPFLAGS_HEAPTYPE (Include/object.h): the class was made by a class statement, or by a call."""


def instance_dict(obj: Any) -> dict[str, Any] | None:
    """Give an object's own attributes; None when it has none, or something else in the place of a dict."""
    try:
        namespace = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return namespace if type(namespace) is dict else None


def attributes(obj: Any) -> dict[str, Any]:
    """Give an object's own attributes, none where `instance_dict` finds no dict."""
    own = instance_dict(obj)
    return {} if own is None else own


def slots_of(obj: Any) -> dict[str, Any]:
    """Give what an object keeps in the slots of Python classes, as far as it is set."""
    found: dict[str, Any] = {}
    for base in mro(type(obj)):
        names = class_dict(base).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else tuple(names):
            if isinstance(name, str) and name not in ("__weakref__", "__dict__"):
                private = name.startswith("__") and not name.endswith("__")
                mangled = f"_{base.__name__.lstrip('_')}{name}" if private else name
                try:
                    found[mangled] = object.__getattribute__(obj, mangled)
                except AttributeError:
                    continue
    return found


def content(cell: CellType) -> Any:
    """Give what a cell holds, `MISSING` when it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def module_of(value: Any) -> str:
    """Give the name of the module that a module, function or class is, or an object's class, comes from."""
    if type(value) is ModuleType:
        return str(value.__name__)
    if type(value) is MethodType:
        value = value.__func__
    if type(value) is FunctionType:
        return str(value.__module__)
    cls = value if issubclass(type(value), type) else type(value)
    return str(type.__dict__["__module__"].__get__(cls))


def is_made(cls: type) -> bool:
    """Say whether a class can be changed: it is not built in."""
    return bool(cls.__flags__ & HEAP_TYPE)


def owner_of(names: Mapping[str, Any], qualname: str) -> type | None:
    """Give the class whose method a qualified name is; None for functions and for what functions define."""
    return class_at(names, qualname.rpartition(".")[0])


def class_at(names: Mapping[str, Any], qualname: str) -> type | None:
    """Give the class with a qualified name, unless it is made inside a function."""
    first, *rest = qualname.split(".")
    if "<locals>" in rest:
        return None
    found: Any = names.get(first)
    for part in rest:
        found = class_dict(found).get(part) if isinstance(found, type) else None
    return found if isinstance(found, type) else None

"""What can be called and asked without running anything of the user's, or changing anything.

What is asked of a value is asked by its exact type: a subclass may have given an operator another meaning.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import sys
import time
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOTHING: Final = object()
"""Stands for an attribute or name that is not there as such."""

_ATOMS: Final = (
    *(int, float, complex, str, bytes, bool, type(None), range, slice),
    *(time.struct_time, re.Pattern),
)
"""Immutable: every operator, attribute and method of theirs gives a value and does nothing else."""
_ATOMS_OF: Final[Mapping[str, str]] = {
    "datetime": "datetime date time timedelta timezone",
    "uuid": "UUID",
    "decimal": "Decimal",
    "fractions": "Fraction",
}
"""More of them, by module: what no one has imported, no value is of."""
_CONTAINERS: Final = (tuple, list, dict, set, frozenset, collections.deque)
VIEWS: Final[tuple[type, ...]] = (
    *(type({}.keys()), type({}.values()), type({}.items())),
    *(enumerate, zip, reversed),
)
"""Given by others for one pass."""
_PURE_BY_GROUND: Final[Mapping[str, Mapping[str, str]]] = {
    "makes a value of its arguments": {
        "builtins": "set dict list tuple int float complex str bytes bytearray frozenset bool range object enumerate"
        " zip reversed iter",
        "collections": "deque defaultdict Counter OrderedDict ChainMap",
        "itertools": "count cycle chain repeat",
        "types": "SimpleNamespace",
        "re": "compile",
        "pathlib": "Path PurePath",
        "decimal": "Decimal",
        "fractions": "Fraction",
        "datetime": "timedelta datetime date time",
        "weakref": "WeakSet WeakKeyDictionary WeakValueDictionary",
    },
    "computes": {
        "builtins": "len min max sum abs round sorted divmod repr chr ord hex any all",
        "math": "sin cos tan sqrt floor ceil hypot radians degrees log log2 log10 exp pow gcd atan2 dist",
        "json": "dumps loads",
    },
    "reads the clock, the process or a source of chance: another value each time, and nobody minds who took one": {
        "time": "time monotonic perf_counter process_time time_ns monotonic_ns perf_counter_ns strftime localtime"
        " gmtime",
        "os": "getenv getpid",
        "random": "Random random randint randrange uniform choice sample",
        "secrets": "token_hex token_urlsafe token_bytes",
        "uuid": "uuid4 uuid1",
    },
    "makes what nobody holds or waits for yet": {
        "asyncio": "Event Lock Queue Semaphore Condition LifoQueue PriorityQueue",
        "threading": "Lock RLock Event",
    },
    "gives what is there": {
        "logging": "getLogger",
        "asyncio": "get_running_loop get_event_loop current_task",
        "threading": "get_ident",
    },
}
"""Callables that do nothing but give a value. Compared by identity: a name may have been given another meaning."""
_PURE: Final[Mapping[str, str]] = {
    module: " ".join(one[module] for one in _PURE_BY_GROUND.values() if module in one)
    for module in {name for one in _PURE_BY_GROUND.values() for name in one}
}
_HOLDING: Final[Mapping[str, str]] = {
    "builtins": "id type",
    "functools": "partial",
    "types": "SimpleNamespace",
}
"""Of any argument: it is only kept, or looked at."""
_PURE_METHODS: Final[Mapping[tuple[str, str], str]] = {
    ("datetime", "datetime"): "now utcnow today fromtimestamp fromisoformat",
    ("datetime", "date"): "today fromisoformat",
    ("builtins", "dict"): "fromkeys",
    ("pathlib", "Path"): "cwd home",
    ("os", "environ"): "get",
}
_READING: Final = frozenset({"get", "copy", "keys", "values", "items", "index", "count"})
"""Methods of plain containers that change nothing."""


def _is_of(found: Any, table: Mapping[str, str]) -> bool:
    """Tell whether this is one of the objects that a table names."""
    for module, names in table.items():
        space = vars(sys.modules[module]) if module in sys.modules else {}
        if any(space.get(name) is found for name in names.split()):
            return True
    return False


def is_atom(found: Any) -> bool:
    return type(found) in _ATOMS or _is_of(type(found), _ATOMS_OF)


def is_plain(found: Any) -> bool:
    """Tell whether a value's operators run no code of the user's."""
    return type(found) in _CONTAINERS or is_atom(found) or _is_of(found, _PURE)


def is_pure(found: Any) -> bool:
    """Tell whether calling this, with plain arguments, gives a value and does nothing else."""
    return _is_of(found, _PURE)


def holds_only(found: Any) -> bool:
    """Tell whether calling this, with whatever, only keeps its arguments or looks at them."""
    return is_plain_class(found) or _is_of(found, _HOLDING)


def gives_only(base: Any, name: str) -> bool:
    """Tell whether calling the method gives a value and does nothing else."""
    for (module, owner), names in _PURE_METHODS.items():
        space = vars(sys.modules[module]) if module in sys.modules else {}
        if space.get(owner) is base:
            return name in names.split()
    if is_atom(base):
        return not name.startswith("_") and name not in ("format", "format_map")
    if type(base) in _CONTAINERS:
        return name in _READING
    events = sys.modules.get("asyncio.events")
    is_loop = events is not None and issubclass(type(base), events.AbstractEventLoop)
    return is_loop and name in ("time", "create_future")


def is_plain_class(found: object) -> bool:
    """Tell whether making an instance runs no code of the user's: a bare class, or a dataclass of plain defaults."""
    if type(found) is not type:
        return False
    new: Callable[..., Any] = found.__new__
    if new is not object.__new__:
        return False
    if found.__init__ is object.__init__:  # type: ignore[misc]
        return True
    own = vars(found)
    made = own.get("__init__")
    if "__dataclass_fields__" not in own or not isinstance(made, FunctionType):
        return False
    if made.__code__.co_filename != "<string>" or hasattr(found, "__post_init__"):
        return False
    factories = [f.default_factory for f in own["__dataclass_fields__"].values()]
    return all(f is dataclasses.MISSING or _is_of(f, _PURE) for f in factories) and not any(
        "__setattr__" in vars(c) for c in found.__mro__ if c is not object
    )


def static(found: Any, name: str) -> Any:
    """Give an attribute that is there as such, without running a property or ``__getattr__``."""
    if type(found) is ModuleType:
        return vars(found).get(name, NOTHING)
    if type(found) is type:
        value = next((vars(c)[name] for c in found.__mro__ if name in vars(c)), NOTHING)
        return NOTHING if hasattr(type(value), "__get__") else value
    kind = type(found)
    if any("__getattribute__" in vars(c) for c in kind.__mro__ if c is not object):
        return NOTHING
    of_class = next((vars(c)[name] for c in kind.__mro__ if name in vars(c)), NOTHING)
    if type(of_class) is MemberDescriptorType:
        return getattr(found, name, NOTHING)
    if hasattr(type(of_class), "__set__"):
        return NOTHING
    space = next((vars(c)["__dict__"] for c in kind.__mro__ if "__dict__" in vars(c)), None)
    if type(space) is not GetSetDescriptorType:
        return NOTHING
    value = space.__get__(found).get(name, NOTHING)
    if value is NOTHING and not hasattr(type(of_class), "__get__"):
        return of_class
    return value

"""What lives in a package, told in plain values that two processes can compare."""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import pkgutil
import re
import sys
import types
import typing
from typing import Any

SKIPPED = frozenset(
    [
        "__dict__",
        "__weakref__",
        "__module__",
        "__qualname__",
        "__static_attributes__",
        "__firstlineno__",
        "__doc__",
        "__slots__",
        "__orig_bases__",
        "__parameters__",
        "__match_args__",
        "__hash__",
        "__abstractmethods__",
        "__annotations_cache__",
        "__annotate_func__",
    ]
)
"""Keys of a class that are told by other means, or that the interpreter makes."""

IMPORT_STATE = frozenset(
    [
        "__builtins__",
        "__cached__",
        "__file__",
        "__loader__",
        "__spec__",
        "__path__",
        "__warningregistry__",
    ]
)
FITTED: dict[int, types.CodeType] = {}
"""id of a code that hotswap made to fit a live function's free variables -> the code as the compiler made it."""
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def import_all(package: str) -> list[str]:
    """Import every module of a package; give those that could not be, with the reason."""
    failed = []
    try:
        root = importlib.import_module(package)
    except Exception as error:
        return [f"{package}: {type(error).__name__}: {error}"]
    for info in pkgutil.walk_packages(getattr(root, "__path__", []), package + ".", lambda _: None):
        if "__main__" in info.name or ".tests" in info.name or ".test_" in info.name:
            continue
        try:
            importlib.import_module(info.name)
        except Exception as error:
            failed.append(f"{info.name}: {type(error).__name__}: {error}")
    return failed


def modules_of(package: str) -> dict[str, types.ModuleType]:
    """Give the modules of a package that are imported, by name."""
    return {
        name: module
        for name, module in sorted(sys.modules.items())
        if name == package or name.startswith(package + ".")
    }


def inventory(package: str) -> dict[str, dict[str, Any]]:
    """Describe every name of every module of a package that lives."""
    return {name: names_in(module) for name, module in modules_of(package).items()}


def names_in(module: types.ModuleType) -> dict[str, Any]:
    """Describe the names of one module; the order of its annotations is nobody's business."""
    found = {
        key: ["its own names"] if value is vars(module) else describe(value, module.__name__)
        for key, value in list(vars(module).items())
        if key not in IMPORT_STATE
    }
    if "__annotations__" in found:
        pairs: Any = found["__annotations__"][1:]
        found["__annotations__"] = dict(pairs)
    return found


def describe(value: Any, module: str, depth: int = 0) -> Any:
    """Give a description of a value that is equal in two processes when the values are."""
    kind = type(value)
    if issubclass(kind, types.FunctionType):
        behind = [c for c in value.__code__.co_consts if type(c) is types.FunctionType]
        if behind:  # held references need the old function, which forwards to the new one
            return describe(behind[0], module, depth)
        return [
            "def",
            value.__module__,
            value.__qualname__,
            value.__doc__,
            signature(value, module, depth),
            code(FITTED.get(id(value.__code__), value.__code__)),
        ]
    if kind in (staticmethod, classmethod):
        return [kind.__name__, describe(value.__func__, module, depth)]
    if kind is property:
        accessors = (value.fget, value.fset, value.fdel)
        return ["property", value.__doc__, *(describe(f, module, depth) for f in accessors)]
    if kind is functools.cached_property:
        return ["cached_property", describe(value.func, module, depth)]
    if kind is functools.partial:
        held = (value.func, value.args, value.keywords)
        return ["partial", *(describe(v, module, depth + 1) for v in held)]
    if isinstance(value, functools._lru_cache_wrapper):
        return ["lru_cache", describe(value.__wrapped__, module, depth), value.cache_info().maxsize]
    if issubclass(kind, type):
        return describe_class(value, module, depth)
    if issubclass(kind, types.ModuleType):
        return ["module", value.__name__]
    if issubclass(kind, enum.Enum):
        return ["member", f"{kind.__module__}.{kind.__qualname__}", value.name]
    if kind in (int, float, complex, str, bytes, bool, type(None)):
        return ADDRESS.sub("", repr(value))
    if depth > 4:
        return ["deep", kind.__qualname__]
    if kind in (list, tuple) and len(value) < 200:
        return [kind.__name__, *(describe(v, module, depth + 1) for v in value)]
    if kind in (set, frozenset):
        return [kind.__name__, *sorted(str(describe(v, module, depth + 1)) for v in value)]
    if kind is dict and len(value) < 500:
        return [
            "dict",
            *[
                [str(describe(k, module, 3)), describe(v, module, depth + 1)]
                for k, v in value.items()
            ],
        ]
    return ["object", kind.__module__, kind.__qualname__]


def describe_class(value: type, module: str, depth: int) -> Any:
    """Describe a class: by its name when it was defined elsewhere, else with all it holds."""
    if value.__module__ != module or depth > 2:
        return ["class", value.__module__, value.__qualname__]
    own = {
        key: describe(held, module, depth + 1)
        for key, held in sorted(vars(value).items(), key=lambda item: str(item[0]))
        if key not in SKIPPED and not key.startswith("_abc")
    }
    abstract = sorted(getattr(value, "__abstractmethods__", None) or ())
    slots = vars(value).get("__slots__")
    return [
        "class",
        value.__qualname__,
        [base.__qualname__ for base in value.__mro__],
        value.__doc__,
        abstract,
        sorted(slots) if isinstance(slots, (list, tuple, set)) else repr(slots),
        own,
    ]


def signature(function: types.FunctionType, module: str, depth: int) -> list[Any]:
    """Describe parameters, defaults and annotations."""
    try:
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (ValueError, TypeError):
        return ["?"]
    return [
        [p.kind.name, p.name, describe(p.default, module, max(depth, 3)), spell(p.annotation)]
        for p in parameters
    ] + [spell(function.__annotations__.get("return"))]


def spell(annotation: Any) -> str:
    """Spell an annotation without addresses."""
    # typing caches equal unions, whatever their order
    if typing.get_origin(annotation) is typing.Union:
        return f"Union{sorted(spell(a) for a in typing.get_args(annotation))}"
    return annotation if isinstance(annotation, str) else ADDRESS.sub("", repr(annotation))


def code(made: types.CodeType) -> list[Any]:
    """Describe what a code object does and where it stands, nested ones included."""
    return [
        made.co_firstlineno,
        made.co_flags,
        made.co_code.hex()[:4000],
        list(made.co_names),
        list(made.co_varnames),
        [
            code(c) if isinstance(c, types.CodeType) else constant(c)
            for c in made.co_consts
            if not callable(c)
        ],
    ]


def constant(value: Any) -> str:
    """Spell a constant; the order of a frozenset differs between processes."""
    return str(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)[:400]

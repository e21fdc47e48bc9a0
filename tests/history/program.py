"""What a child process does: import a package (or swap an older release to this one) and describe what lives."""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import os
import pkgutil
import shutil
import sys
import types
from typing import Any


def modules_of(package: str) -> list[Any]:
    """Import every module of a package that can be imported."""
    root = importlib.import_module(package)
    if hasattr(root, "__path__"):
        for info in pkgutil.walk_packages(root.__path__, package + "."):
            if "__main__" in info.name or ".tests" in info.name or ".test_" in info.name:
                continue
            try:
                importlib.import_module(info.name)
            except Exception as error:
                print(f"not imported: {info.name}: {error}", file=sys.stderr)
    return [
        m for n, m in sorted(sys.modules.items()) if n == package or n.startswith(package + ".")
    ]


def describe(value: Any, module: str, depth: int = 0) -> Any:
    """Give a plain description of a value that two processes can compare."""
    kind = type(value)
    if issubclass(kind, types.FunctionType):
        return ["def", value.__qualname__, value.__doc__, signature(value), code(value.__code__)]
    if kind in (staticmethod, classmethod):
        return [kind.__name__, describe(value.__func__, module, depth)]
    if kind is property:
        return [
            "property",
            *(describe(f, module, depth) for f in (value.fget, value.fset, value.fdel)),
        ]
    if issubclass(kind, type):
        if value.__module__ != module or depth > 2:
            return ["class", value.__module__, value.__qualname__]
        own = {
            k: describe(v, module, depth + 1)
            for k, v in sorted(vars(value).items(), key=lambda i: str(i[0]))
            if k not in SKIPPED and not k.startswith("_abc")
        }
        return [
            "class",
            value.__qualname__,
            [b.__qualname__ for b in value.__mro__],
            value.__doc__,
            own,
        ]
    if issubclass(kind, types.ModuleType):
        return ["module", value.__name__]
    if issubclass(kind, enum.Enum):
        return ["member", str(kind), value.name]
    if kind in (int, float, complex, str, bytes, bool, type(None)):
        return repr(value)
    if depth > 4:
        return ["deep", kind.__qualname__]
    if kind in (list, tuple) and len(value) < 200:
        return [kind.__name__, *(describe(v, module, depth + 1) for v in value)]
    if kind in (set, frozenset):
        return [kind.__name__, *sorted(str(describe(v, module, depth + 1)) for v in value)]
    if kind is dict and len(value) < 500:
        return [
            "dict",
            *(
                [str(describe(k, module, 3)), describe(v, module, depth + 1)]
                for k, v in value.items()
            ),
        ]
    return ["object", kind.__module__, kind.__qualname__]


SKIPPED = {
    "__dict__",
    "__weakref__",
    "__module__",
    "__qualname__",
    "__annotations__",
    "__static_attributes__",
    "__firstlineno__",
    "__doc__",
    "__slots__",
    "__orig_bases__",
    "__parameters__",
    "__match_args__",
    "__hash__",
    "__abstractmethods__",
}


def signature(function: Any) -> str:
    """Give a signature without addresses."""
    try:
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (ValueError, TypeError):
        return "?"
    return ", ".join(
        f"{p.kind.name} {p.name}{'=' if p.default is not p.empty else ''}" for p in parameters
    )


def code(made: types.CodeType) -> Any:
    """Give what a code object does, nested ones included; where it stands too."""
    return [
        made.co_firstlineno,
        made.co_code.hex()[:2000],
        list(made.co_names),
        [
            code(c) if isinstance(c, types.CodeType) else repr(c)[:200]
            for c in made.co_consts
            if not callable(c)
        ],
    ]


def inventory(package: str) -> dict[str, Any]:
    """Describe every module of a package that lives."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        if name != package and not name.startswith(package + "."):
            continue
        found[name] = {
            k: describe(v, name)
            for k, v in list(vars(module).items())
            if k
            not in (
                "__builtins__",
                "__cached__",
                "__file__",
                "__loader__",
                "__spec__",
                "__path__",
                "__warningregistry__",
            )
        }
    return found


def put(source: str, target: str) -> None:
    """Make `target` a copy of `source`."""
    if os.path.exists(target):
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def main() -> None:
    """``fresh PACKAGE DIR`` or ``swap PACKAGE WORK OLD NEW``: prints one JSON object."""
    sys.dont_write_bytecode = True
    mode, package, *places = sys.argv[1:]
    if mode == "fresh":
        sys.path.insert(0, places[0])
        modules_of(package)
        print(json.dumps({"inventory": inventory(package)}))
        return
    work, old, new = places
    put(old, work)
    sys.path.insert(0, work)
    from hotswap.swapper import Swapper

    swapper = Swapper([work])
    modules_of(package)
    before = files(work)
    put(new, work)
    after = files(work)
    changed = [
        os.path.join(work, n) for n in sorted({*before, *after}) if before.get(n) != after.get(n)
    ]
    outcome = swapper.apply(changed)
    told: dict[str, Any] = {
        "ok": outcome.ok,
        "rung": outcome.rung,
        "reason": outcome.reason,
        "ms": outcome.ms,
    }
    told["stale"] = [f"{s.name}: {s.reason}" for s in outcome.stale]
    if outcome.fault is not None:
        told["fault"] = (
            f"{outcome.fault.title}: {outcome.fault.message} {outcome.fault.frames} {outcome.fault.text[-1500:]}"
        )
    if outcome.ok:
        modules_of(package)
    print(json.dumps({"outcome": told, "inventory": inventory(package)}))


def files(folder: str) -> dict[str, bytes]:
    """Read every Python file below a folder."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(place, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
    return found


if __name__ == "__main__":
    main()

"""What a child process does: import a package, or swap it there and back, and print what lives.

``fresh PACKAGE FOLDER`` tells of a fresh import. ``swap PACKAGE WORK OLD NEW`` imports OLD below WORK, holds references
to all it defines, swaps NEW in, describes, swaps OLD back in, describes. One JSON object goes to standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import types
from typing import Any

from tests.history.inventory import FITTED, describe, import_all, inventory, modules_of


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


def put(source: str, target: str) -> list[str]:
    """Make `target` a copy of `source`; give the paths of the Python files that differ."""
    before = files(target) if os.path.exists(target) else {}
    if os.path.exists(target):
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    after = files(target)
    return [
        os.path.join(target, name)
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def held_references(package: str) -> dict[tuple[str, str], Any]:
    """Hold every function and class that the package's modules define, and the functions of those classes."""
    held: dict[tuple[str, str], Any] = {}
    for name, module in modules_of(package).items():
        for key, value in list(vars(module).items()):
            if not isinstance(value, (types.FunctionType, type)) or value.__module__ != name:
                continue
            held[name, key] = value
            if isinstance(value, type):
                for attribute, inner in list(vars(value).items()):
                    if isinstance(inner, types.FunctionType) and inner.__module__ == name:
                        held[name, f"{key}.{attribute}"] = inner
    return held


def live(name: str, path: str) -> Any:
    """Give what lives at ``Class.method`` of a module now; None when nothing does."""
    found: Any = sys.modules.get(name)
    for part in path.split("."):
        found = vars(found).get(part) if found is not None else None
    return found


def estranged(held: dict[tuple[str, str], Any]) -> list[str]:
    """Name the held references that do not do what the name they were taken from does now."""
    found = []
    serving = {id(live(*place)) for place in held}
    for (name, path), value in held.items():
        now = live(name, path)
        if now is value or now is None or isinstance(now, type) != isinstance(value, type):
            continue
        if not isinstance(now, (types.FunctionType, type)):
            continue
        if isinstance(value, types.FunctionType) and any(map(callable, value.__code__.co_consts)):
            continue  # it forwards to the new one
        if isinstance(value, types.FunctionType) and id(value) in serving:
            continue  # one object had several names: it goes on under another of them
        if describe(value, name) != describe(now, name):
            found.append(f"{name}:{path}")
    return found


def told(outcome: Any) -> dict[str, Any]:
    """Give what matters of an outcome."""
    fault = outcome.fault
    return {
        "ok": outcome.ok,
        "rung": outcome.rung,
        "reason": outcome.reason,
        "ms": round(outcome.ms, 1),
        "stale": [f"{s.name}: {s.what}: {s.reason}" for s in outcome.stale],
        "fault": fault
        and f"{fault.code} {fault.title}: {fault.message} at {fault.path}:{fault.line} {fault.text}",
    }


def fresh(package: str, folder: str) -> dict[str, Any]:
    """Describe a fresh import."""
    sys.path.insert(0, folder)
    failed = import_all(package)
    return {"failed": failed, "inventory": inventory(package)}


def swap(package: str, work: str, old: str, new: str) -> dict[str, Any]:
    """Swap there and back."""
    put(old, work)
    sys.path.insert(0, work)
    from hotswap.live.conformer import FITTED as CONFORMED
    from hotswap.swapper import Swapper

    if package in sys.modules:
        raise SystemExit(f"{package} is imported before it is tracked")
    swapper = Swapper([work])
    import_all(package)
    ways: list[dict[str, Any]] = []
    for release in (new, old):
        held = held_references(package)
        outcome = swapper.apply(put(release, work))
        way = told(outcome)
        ways.append(way)
        if not outcome.ok:
            break
        way["failed"] = import_all(package)
        FITTED.update({key: plain for key, (_, plain) in CONFORMED.items()})
        way["inventory"] = inventory(package)
        way["estranged"] = estranged(held)
    return {"ways": ways}


def main() -> None:
    """Do what the arguments say."""
    sys.dont_write_bytecode = True
    mode, *rest = sys.argv[1:]
    result = fresh(*rest) if mode == "fresh" else swap(*rest)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

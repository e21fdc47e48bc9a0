"""What TARGET stands for, told from the files alone: nothing is imported, nothing runs."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Final, Literal

from hotswap.options import NotThereError, UsageError, suggest
from hotswap.target.shape import shape_of

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

WITHIN: Final = ("", ".app", ".main", ".api", ".asgi")
"""Where in a package an app is looked for: the package itself, then these modules."""
IN_DIRECTORY: Final = ("main", "app", "api", "asgi")
"""Which file of a plain directory holds the app, as ``fastapi dev`` looks for it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to run, as far as the disk tells. Nothing has been imported."""

    kind: Literal["asgi", "program"]
    given: str
    modules: tuple[str, ...]
    """asgi: modules to look into, in this order. program: the module to run as ``__main__``, none for a script."""
    attribute: str = ""
    """``app`` of ``main:app``; dots allowed. Empty: found by `NAMES`."""
    path: str = ""
    """The file, or directory, that was found."""
    import_root: str = ""
    """Goes to ``sys.path[0]``."""
    sure: bool = True
    """False: the file reads as if it held an app, but only importing it tells."""
    broken: bool = False
    """The file does not even parse."""


def resolve(given: str, *, app_dir: str = "", factory: bool = False) -> Target:
    """Tell what `given` stands for, from the files alone.

    Raises:
        NotThereError: There is no such module or file; the message suggests the nearest one.
    """
    name, colon, attribute = given.partition(":")
    if colon and not attribute:
        raise UsageError(f"{given!r}: an attribute is missing after the colon, as in main:app")
    root = os.path.abspath(app_dir or os.curdir)
    if is_path(name, root):
        return _from_path(given, name, attribute, factory=factory)
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{given!r} is neither a module, nor module:attribute, nor a file")
    spec = locate(name, root)
    if spec is None:
        near = nearest(name, root)
        module, _, last = name.rpartition(".")
        if not colon and near in {"", f": did you mean {module!r}?"} and locate(module, root):
            near = f": did you mean '{module}:{last}'?"
        raise NotThereError(f"there is no module {name!r} below {root} or on sys.path{near}")
    return _from_spec(given, name, attribute, spec, root, factory=factory)


def locate(name: str, root: str) -> ModuleSpec | None:
    """Find a module without importing its parents."""
    parts = name.split(".")
    spec = PathFinder.find_spec(parts[0], [root, *sys.path])
    if spec is None:  # an editable install may bring a finder of its own
        try:
            spec = importlib.util.find_spec(parts[0])
        except (ImportError, ValueError):
            return None
    for depth in range(1, len(parts)):
        if spec is None or spec.submodule_search_locations is None:
            return None
        places = list(spec.submodule_search_locations)
        spec = PathFinder.find_spec(".".join(parts[: depth + 1]), places)
    return spec


def is_path(name: str, root: str) -> bool:
    """Say whether a target is meant as a path of the file system, not as a module's name."""
    if name.endswith((".py", ".pyw")) or os.sep in name or name in {os.curdir, os.pardir}:
        return True
    return os.path.isfile(name) and locate(name, root) is None


def _from_path(given: str, name: str, attribute: str, *, factory: bool) -> Target:
    """Tell what a file or directory is.

    Raises:
        UsageError: It does not exist, or holds nothing that could run.
    """
    path = os.path.abspath(name)
    if not os.path.exists(path):
        folder = os.path.dirname(path)
        known = os.listdir(folder) if os.path.isdir(folder) else []
        near = suggest(os.path.basename(path), known)
        raise NotThereError(f"there is no file {name}{near}")
    if os.path.isdir(path):
        return _from_directory(given, path, attribute, factory=factory)
    root, dotted = _dotted(path)
    if attribute or factory:
        return Target("asgi", given, (dotted,), attribute, path, root)
    shape = shape_of(path)
    if shape == "program":
        # Python puts the directory of the script itself there, links followed (sys.path documentation)
        return Target("program", given, (), "", path, os.path.dirname(os.path.realpath(path)))
    sure, broken = shape == "app", shape == "broken"
    return Target("asgi", given, (dotted,), "", path, root, sure=sure, broken=broken)


def _from_directory(given: str, path: str, attribute: str, *, factory: bool) -> Target:
    if os.path.isfile(os.path.join(path, "__init__.py")):
        root, dotted = _dotted(path)
        spec = locate(dotted, root)
        if spec is not None:
            return _from_spec(given, dotted, attribute, spec, root, factory=factory)
    for name in IN_DIRECTORY:
        file = os.path.join(path, name + ".py")
        if os.path.isfile(file) and (attribute or shape_of(file) != "program"):
            return Target("asgi", given, (name,), attribute, file, path)
    main = os.path.join(path, "__main__.py")
    if os.path.isfile(main):
        written = os.path.join(os.getcwd(), given)  # not normalised, as Python leaves it
        main = os.path.join(written, "__main__.py")
        return Target("program", given, ("__main__",), "", main, written)
    looked = ", ".join(f"{name}.py" for name in (*IN_DIRECTORY, "__main__"))
    raise UsageError(
        f"the directory {given} holds neither a package nor one of {looked} with an app"
    )


def _from_spec(
    given: str, name: str, attribute: str, spec: ModuleSpec, root: str, *, factory: bool
) -> Target:
    """Tell what an importable name is.

    Raises:
        UsageError: It is a package in which neither an app nor a ``__main__`` can be seen.
    """
    path = spec.origin or ""
    if attribute or factory:
        return Target("asgi", given, (name,), attribute, path, root)
    if spec.submodule_search_locations is None:
        shape = shape_of(path)
        if shape == "program":
            return Target("program", given, (name,), "", path, root)
        return Target("asgi", given, (name,), "", path, root, sure=shape == "app")
    shapes: dict[str, str] = {}
    for suffix in WITHIN:
        inner = spec if not suffix else locate(name + suffix, root)
        if inner is None or inner.origin is None or not os.path.isfile(inner.origin):
            continue
        shapes[name + suffix] = shape_of(inner.origin)
    likely = tuple(one for one, shape in shapes.items() if shape != "program")
    main = locate(f"{name}.__main__", root)
    if likely:
        sure = main is None or "app" in shapes.values()
        return Target("asgi", given, likely, "", path, root, sure=sure)
    if main is not None and main.origin:
        return Target("program", given, (f"{name}.__main__",), "", main.origin, root)
    looked = ", ".join(name + suffix for suffix in WITHIN)
    raise UsageError(
        f"the package {name} holds no app (looked into {looked}) and no __main__.py; "
        f"name the app: hotswap {name}.MODULE:NAME"
    )


def as_program(target: Target) -> Target | None:
    """Give the program that a target is after all, when importing it has shown no app; None when it is none."""
    if target.sure or target.attribute:
        return None
    if len(target.modules) == 1 and not target.path.endswith("__init__.py"):
        if is_path(target.given, os.curdir):
            folder = os.path.dirname(os.path.realpath(target.path))
            return Target("program", target.given, (), "", target.path, folder)
        return Target("program", target.given, target.modules, "", target.path, target.import_root)
    package = target.modules[0].partition(".")[0]
    main = locate(f"{package}.__main__", target.import_root)
    if main is None or not main.origin:
        return None
    name = f"{package}.__main__"
    return Target("program", target.given, (name,), "", main.origin, target.import_root)


def _dotted(path: str) -> tuple[str, str]:
    """Give the import root of a file or package directory, and its dotted name below that root."""
    folder, base = os.path.split(path)
    stem = base.removesuffix(".py").removesuffix(".pyw")
    parts = [] if stem == "__init__" else [stem]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        parts.insert(0, name)
    return folder, ".".join(parts)


def nearest(name: str, root: str) -> str:
    """Suggest a module of the import root, or of a package in it, that reads like `name`."""
    known: list[str] = []
    package = name.rpartition(".")[0]
    folders = [("", root)]
    if package:
        folders.append((package + ".", os.path.join(root, *package.split("."))))
    for prefix, folder in folders:
        if not os.path.isdir(folder):
            continue
        for entry in sorted(os.listdir(folder)):
            stem, extension = os.path.splitext(entry)
            inner = os.path.join(folder, entry)
            if stem.startswith(("__", ".")):
                continue
            if extension == ".py" or (not extension and os.path.isdir(inner)):
                known.append(prefix + stem)
    return suggest(name, known)

"""What TARGET means: found on disk first, without running anything; then imported, and the app in it found.

The order of the search is the one that docs/reference/cli.md lists.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, Final, Literal

from hotswap.options import UsageError, suggest
from hotswap.shape import shape_of
from hotswap.tracebacks import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from hotswap.source.model import Fault

NAMES: Final = ("app", "api", "application")
"""Names an app is looked for under, before the only app that a module holds."""
FACTORIES: Final = ("create_app", "make_app", "get_app", "build_app", "create_application")
WITHIN: Final = ("", ".app", ".main", ".api", ".asgi")
"""Where in a package an app is looked for: the package itself, then these modules."""
IN_DIRECTORY: Final = ("main", "app", "api", "asgi")
"""Which file of a plain directory holds the app, as ``fastapi dev`` looks for it."""
NOT_APPS: Final = (
    "starlette.routing",
    "fastapi.routing",
    "starlette.staticfiles",
    "starlette.responses",
)
"""Objects of these modules speak ASGI but are parts of apps."""


class AppFailed(Exception):
    """The app could not be made: its module raised, or holds no app. The command ends with exit code 1."""

    def __init__(self, fault: Fault, cause: BaseException | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.cause = cause


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


@dataclass(frozen=True, slots=True)
class Found:
    """An app in an imported module."""

    app: Any
    module: str
    attribute: str
    made: bool = False
    """`attribute` is a function, and calling it gave the app."""

    @property
    def name(self) -> str:
        """``demo_server.main:app``."""
        return f"{self.module}:{self.attribute}"


def resolve(given: str, *, app_dir: str = "", factory: bool = False) -> Target:
    """Tell what `given` stands for, from the files alone.

    Raises:
        UsageError: There is no such module or file; the message suggests the nearest one.
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
        raise UsageError(
            f"there is no module {name!r} below {root} or on sys.path" + _nearest(name, root)
        )
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


def find_app(target: Target, *, factory: bool = False) -> Found:
    """Import what `target` names and give the app in it.

    Raises:
        AppFailed: A module raised, or there is no app.
    """
    looked: list[str] = []
    for name in target.modules:
        module = _import(name, target)
        found = (
            _named(module, target, factory) if target.attribute else _discovered(module, factory)
        )
        if found is not None:
            return found
        looked.append(name)
    from hotswap.source.model import Fault

    raise AppFailed(
        Fault(
            code="HS602",
            title="no app found",
            message=f"no ASGI app in {', '.join(looked)}",
            path=target.path,
            hint=f"name it: hotswap {looked[0]}:NAME, or bind it to {', '.join(NAMES)}",
        )
    )


def is_app(value: object) -> bool:
    """Say whether `value` is an ASGI 3 app: a coroutine callable of (scope, receive, send)."""
    if isinstance(value, type) or type(value).__module__.startswith(NOT_APPS):
        return False
    called = value if inspect.isroutine(value) else _call_of(type(value))
    if called is None or not inspect.iscoroutinefunction(inspect.unwrap(called)):
        return False
    try:
        inspect.signature(value).bind(None, None, None)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _call_of(cls: type) -> Any:
    """Give the ``__call__`` that instances of `cls` have; never looks at the instance, which may be a proxy."""
    return next((vars(base)["__call__"] for base in cls.__mro__ if "__call__" in vars(base)), None)


def is_wsgi(value: object) -> bool:
    """Say whether `value` is an app of a well-known WSGI framework; uvicorn serves it through its wrapper."""
    known = ("flask.", "bottle", "django.core.handlers.wsgi", "falcon.app", "pyramid.router")
    derived = any(base.__module__.startswith(known) for base in type(value).__mro__)
    return derived and callable(value) and not is_app(value)  # Quart's app derives from Flask's


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
        raise UsageError(f"there is no file {name}{near}")
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


def _nearest(name: str, root: str) -> str:
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


def _import(name: str, target: Target) -> ModuleType:
    """Import a module of the target; whatever it raises becomes a fault with the user's frames only.

    Raises:
        AppFailed: It raised.
    """
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # user code, SystemExit included
        title = f"{name} raised while it was imported"
        hint = ""
        if isinstance(error, ModuleNotFoundError) and error.name:
            if error.name == name or name.startswith(error.name + "."):
                title = f"there is no module {error.name}"
            else:
                title = f"{name} imports {error.name}, which is not there"
                hint = "install it, or mend the import" + _nearest(error.name, target.import_root)
        raise AppFailed(fault_of(error, code="HS601", title=title, hint=hint), error) from error


def _named(module: ModuleType, target: Target, factory: bool) -> Found | None:
    """Give the app that TARGET names.

    Raises:
        AppFailed: The module has no such attribute, or its factory failed.
    """
    value: Any = module
    for part in target.attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            from hotswap.source.model import Fault

            known = [name for name in vars(module) if not name.startswith("__")]
            raise AppFailed(
                Fault(
                    code="HS602",
                    title="no app found",
                    message=f"{module.__name__} has no {target.attribute!r}{suggest(part, known)}",
                    path=getattr(module, "__file__", "") or "",
                )
            ) from None
    made_by_call = factory or (
        not is_app(value) and not is_wsgi(value) and callable(value) and _no_arguments(value)
    )
    if made_by_call:
        return _made(module, target.attribute)
    if not callable(value):
        from hotswap.source.model import Fault

        apps = ", ".join(name for name, bound in vars(module).items() if _serves(bound))
        raise AppFailed(
            Fault(
                code="HS602",
                title="no app found",
                message=f"{module.__name__}:{target.attribute} is of type {type(value).__qualname__}, not an ASGI app"
                + (f"; there is {apps}" if apps else ""),
                path=getattr(module, "__file__", "") or "",
            )
        )
    return Found(value, module.__name__, target.attribute)


def _serves(value: object) -> bool:
    return (is_app(value) or is_wsgi(value)) and not inspect.isroutine(value)


def _discovered(module: ModuleType, factory: bool) -> Found | None:
    if factory:
        for name in FACTORIES:
            if callable(getattr(module, name, None)):
                return _made(module, name)
        return None
    bound = vars(module)
    for name in NAMES:
        if is_app(bound.get(name)) or is_wsgi(bound.get(name)):
            return Found(bound[name], module.__name__, name)
    apps = [name for name, value in bound.items() if is_app(value) and not inspect.isroutine(value)]
    if len({id(bound[name]) for name in apps}) == 1:
        return Found(bound[apps[0]], module.__name__, apps[0])
    if not apps:
        for name in FACTORIES:
            made = bound.get(name)
            if inspect.isfunction(made) and _no_arguments(made):
                return _made(module, name)
    return None


def _made(module: ModuleType, attribute: str) -> Found:
    """Call a factory and give the app.

    Raises:
        AppFailed: The factory raised.
    """
    make: Any = module
    for part in attribute.split("."):
        make = getattr(make, part)
    try:
        app = make()
    except Exception as error:
        title = f"{module.__name__}:{attribute} raised while it made the app"
        raise AppFailed(fault_of(error, code="HS601", title=title), error) from error
    return Found(app, module.__name__, attribute, made=True)


def _no_arguments(value: Callable[..., Any]) -> bool:
    try:
        inspect.signature(value).bind()
    except (TypeError, ValueError):
        return False
    return True


def origins(names: Sequence[str]) -> tuple[str, ...]:
    """Give the files of modules that may not be imported yet, for a start that waits for them to be mended."""
    found = (sys.modules.get(name) for name in names)
    return tuple(path for one in found if one and (path := getattr(one, "__file__", None)))

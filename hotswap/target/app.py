"""The app in an imported module: found by its name, by how it looks, or made by a factory."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap.options import suggest
from hotswap.source.model import Fault
from hotswap.target.disk import nearest
from hotswap.tracebacks import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from hotswap.target.disk import Target

NAMES: Final = ("app", "api", "application")
"""Names an app is looked for under, before the only app that a module holds."""
FACTORIES: Final = ("create_app", "make_app", "get_app", "build_app", "create_application")
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
                hint = "install it, or mend the import" + nearest(error.name, target.import_root)
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

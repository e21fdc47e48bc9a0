"""pydantic-settings instances that follow the environment: validated on a twin, then refreshed in place.

Who holds the settings object sees the new values; a value that does not validate changes nothing.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
from typing import TYPE_CHECKING, Any

from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType


def instances(modules: Iterable[ModuleType]) -> list[Any]:
    """Give the settings objects that modules hold, or their cached functions, each once; nested models aside."""
    library = sys.modules.get("pydantic_settings")
    if library is None:
        return []
    found: dict[int, Any] = {}
    for module in modules:
        for held in list(vars(module).values()):
            for value in cached(held) if type(held) is functools._lru_cache_wrapper else (held,):
                if issubclass(type(value), library.BaseSettings):
                    found[id(value)] = value
    return list(found.values())


def cached(function: Any) -> list[Any]:
    """Give what a `functools.lru_cache` refers to: its results, of an unbounded one by way of its dict."""
    found: list[Any] = []
    for thing in gc.get_referents(function):
        found.append(thing)
        if type(thing) is dict:
            found += thing.values()
    return found


def env_files() -> set[str]:
    """Give the absolute paths of the files from which settings classes read, there or not."""
    library = sys.modules.get("pydantic_settings")
    if library is None:
        return set()
    found: set[str] = set()
    classes: list[type] = [library.BaseSettings]
    while classes:
        cls = classes.pop()
        classes += type.__subclasses__(cls)
        named = vars(cls).get("model_config", {}).get("env_file") or ()
        for path in [named] if isinstance(named, (str, os.PathLike)) else named:
            found.add(os.path.abspath(path))
    return found


def refresh(
    modules: Iterable[ModuleType],
    path: str,
    undo: list[Callable[[], None]],
    refreshed: list[Any],
) -> Fault | None:
    """Refresh every settings object from the environment as it is now.

    Args:
        modules: The tracked modules.
        path: The file that changed, for the fault.
        undo: Gets what puts the old values back.
        refreshed: Gets the objects whose values are others now.
    """
    pairs: list[tuple[Any, Any]] = []
    for one in instances(modules):
        try:
            pairs.append((one, twin(one)))
        except Exception as error:  # noqa: BLE001 -- validators are user code
            return refused(error, type(one), path)
    refreshed += [one for one, other in pairs if put(one, other, undo)]
    return None


def twin(settings: Any) -> Any:
    """Make an object of the same class from the environment; fields that only its maker gave are taken from it.

    Raises:
        Exception: What the class's validation raises.
    """
    cls = type(settings)
    given: dict[str, Any] = {}
    while True:
        try:
            return cls(**given)
        except Exception as error:
            missing = _missing(error)
            if not missing or missing <= given.keys() or not missing <= vars(settings).keys():
                raise
            given.update({name: getattr(settings, name) for name in missing})


def put(settings: Any, other: Any, undo: list[Callable[[], None]]) -> tuple[str, ...]:
    """Copy the content of `other` into `settings`; give the fields that differ."""
    before = dict(vars(settings))
    fields_set = set(settings.__pydantic_fields_set__)
    changed = tuple(name for name, value in vars(other).items() if before.get(name) != value)
    if not changed:
        return ()

    def back() -> None:
        _fill(settings, before, fields_set)

    undo.append(back)
    kept = {name: value for name, value in before.items() if name not in changed}
    _fill(
        settings,
        {**vars(other), **kept},
        set(other.__pydantic_fields_set__) | (fields_set & kept.keys()),
    )
    return changed


def refused(error: BaseException, cls: type, path: str) -> Fault:
    """Describe settings that do not validate, without the values: they may be secrets."""
    lines = []
    errors = getattr(error, "errors", None)
    if callable(errors):
        for one in errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in one.get("loc", ()))
            lines.append(f"{place}: {one.get('msg', '')}")
    return Fault(
        code="HS701",
        title="settings refused",
        message=f"{cls.__qualname__}: " + ("; ".join(lines) or f"{type(error).__name__}: {error}"),
        path=path,
        hint=f"{os.path.basename(path)} was not taken over; the settings are as they were",
    )


def _missing(error: BaseException) -> set[str]:
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return set()
    return {
        str(one["loc"][0])
        for one in errors(include_url=False, include_input=False)
        if one.get("type") == "missing" and one.get("loc")
    }


def _fill(settings: Any, values: dict[str, Any], fields_set: set[str]) -> None:
    """Write past ``frozen`` and validators: the values have been validated on the twin."""
    names = object.__getattribute__(settings, "__dict__")
    names.clear()
    names.update(values)
    object.__setattr__(settings, "__pydantic_fields_set__", fields_set)

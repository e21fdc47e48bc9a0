"""Pydantic v2 models: fields come from the new class, validators and schema are built anew for the old one."""

from __future__ import annotations

import sys
from dataclasses import fields
from inspect import signature as signature_of
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap.live.functions import Graft
    from hotswap.live.journal import Journal


def rebuild(graft: Graft, old: Any, new: Any) -> None:
    """Build the model's validator for `old`: the one that was copied makes instances of the throw-away class."""
    journal = graft.journal
    journal.setattr(old, "__pydantic_fields__", new.__pydantic_fields__)
    decorators = new.__dict__.get("__pydantic_decorators__")
    if decorators is not None:
        bound = type(decorators)()
        for field in fields(decorators):
            made = getattr(decorators, field.name)
            setattr(bound, field.name, {k: bind(d, old) for k, d in made.items()})
        journal.setattr(old, "__pydantic_decorators__", bound)
    for name in (
        "__pydantic_core_schema__",
        "__pydantic_validator__",
        "__pydantic_serializer__",
        "__pydantic_complete__",
        "__signature__",
        "__pydantic_fields_complete__",
    ):
        if name in old.__dict__:
            journal.setattr(old, name, old.__dict__[name])
    signature = new.__dict__.get("__signature__")
    if hasattr(old, "model_rebuild"):
        old.model_rebuild(force=True, raise_errors=False)
    else:
        from pydantic.dataclasses import rebuild_dataclass

        rebuild_dataclass(old, force=True, raise_errors=False)
    forget_generics()
    if signature is not None and "__signature__" in old.__dict__:
        journal.setattr(old, "__signature__", signature)


def is_settings(cls: Any) -> bool:
    """Say whether a class takes its values from the environment: pydantic-settings' ``BaseSettings``."""
    library = sys.modules.get("pydantic_settings")
    return library is not None and issubclass(cls, library.BaseSettings)


def take_settings(old: Any, new: Any, journal: Journal) -> bool:
    """Put what a settings object made anew holds into the one that lives; say whether anything differs.

    Settings are configuration, not state: whoever edits their class or its defaults wants the object to follow.
    """
    if old.__dict__ == new.__dict__:
        return False
    fields_set = old.__pydantic_fields_set__
    journal.content(old.__dict__)
    journal.undo(lambda: object.__setattr__(old, "__pydantic_fields_set__", fields_set))
    old.__dict__.clear()  # past ``frozen`` and validators: the values have been validated on the new one
    old.__dict__.update(new.__dict__)
    object.__setattr__(old, "__pydantic_fields_set__", set(new.__pydantic_fields_set__))
    return True


def bind(decorator: Any, cls: Any) -> Any:
    """Bind a validator or serializer to the class that lives on."""
    if "cls_ref" in signature_of(decorator.bind_to_cls).parameters:
        from pydantic._internal import _type_refs

        return decorator.bind_to_cls(cls, _type_refs.any_class_type_ref(cls))
    return decorator.bind_to_cls(cls)


def forget_generics() -> None:
    """Drop the parametrised models that pydantic caches: ``Page[Item]`` is made anew from the changed ones."""
    from pydantic._internal import _generics

    cache: Any = getattr(_generics, "_GENERIC_TYPES_CACHE", None)
    if cache is not None and hasattr(cache, "get") and type(cache).__name__ == "ContextVar":
        cache = cache.get(None)
    if cache is not None and hasattr(cache, "clear"):
        cache.clear()

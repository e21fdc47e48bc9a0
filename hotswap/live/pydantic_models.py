"""Pydantic v2 models: fields come from the new class, validators and schema are built anew for the old one."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature as signature_of
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap.live.functions import Graft


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

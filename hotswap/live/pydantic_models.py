"""Pydantic v2 models: fields come from the new class, validators and schema are built anew for the old one."""

from __future__ import annotations

import sys
from dataclasses import fields
from inspect import signature as signature_of
from typing import TYPE_CHECKING, Any, get_args

from hotswap.live.looking import class_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    signature = new.__dict__.get("__signature__")
    _build(old, journal)
    graft.changed.models.append(old)
    _forget_generics(old, journal)
    if signature is not None and "__signature__" in old.__dict__:
        journal.setattr(old, "__signature__", signature)


def _build(model: Any, journal: Journal) -> None:
    """Build a model's schema, validator and serializer anew, of what its fields are now."""
    for name in (
        "__pydantic_core_schema__",
        "__pydantic_validator__",
        "__pydantic_serializer__",
        "__pydantic_complete__",
        "__signature__",
        "__pydantic_fields_complete__",
    ):
        if name in model.__dict__:
            journal.setattr(model, name, model.__dict__[name])
    if hasattr(model, "model_rebuild"):
        model.model_rebuild(force=True, raise_errors=False)
    else:
        from pydantic.dataclasses import rebuild_dataclass

        rebuild_dataclass(model, force=True, raise_errors=False)


def build_embedding(graft: Graft, names: Iterable[Mapping[str, Any]]) -> None:
    """Build the models again that embed one which was built after them: a model may name one that stands below it.

    Args:
        graft: Knows which models were built, in which order.
        names: Of the modules in which models are looked for.
    """
    built = {id(model): place for place, model in enumerate(graft.changed.models)}
    models = {
        id(value): value
        for namespace in names
        for value in list(namespace.values())
        if isinstance(value, type) and "__pydantic_fields__" in class_dict(value)
    }
    embedded = {key: _embedded(model) for key, model in models.items()}
    again = True
    while again:
        again = False
        for key in list(models):
            if any(built.get(inner, -1) > built.get(key, -1) for inner in embedded[key] - {key}):
                _build(models.pop(key), graft.journal)
                built[key] = len(built) + len(graft.changed.models)
                again = True


def _embedded(model: Any) -> set[int]:
    """Give the ids of the classes that the types of a model's fields name."""
    found: set[int] = set()
    stack = [field.annotation for field in class_dict(model)["__pydantic_fields__"].values()]
    while stack:
        kind = stack.pop()
        found.add(id(kind))
        stack += get_args(kind)
    return found


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


def _forget_generics(changed: Any, journal: Journal) -> None:
    """Drop the parametrised models that pydantic caches and that are made of a changed one: ``Page[Item]``."""
    from pydantic._internal import _generics

    cache: Any = getattr(_generics, "_GENERIC_TYPES_CACHE", None)
    if cache is not None and type(cache).__name__ == "ContextVar":
        cache = cache.get(None)
    if cache is None or not hasattr(cache, "items"):
        return
    known = dict(cache.items())
    journal.undo(lambda: (cache.clear(), [cache.__setitem__(k, v) for k, v in known.items()]))
    for key, model in known.items():
        origin = model.__pydantic_generic_metadata__["origin"]
        if origin is not changed and id(changed) not in _embedded(model):
            continue
        cache.pop(key, None)
        # pickle finds it in the module that asked for it, and the new one would be called ``Page[int]_`` there
        module: Any = sys.modules.get(model.__module__)
        namespace: dict[str, Any] = {} if module is None else module.__dict__
        name: str = model.__name__
        if namespace.get(name) is model:
            journal.content(namespace)
            del namespace[name]

"""Pydantic v2 models: fields come from the new class, validators and schema are built anew for the old one."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap.live.functions import Graft


def rebuild(graft: Graft, old: Any, new: Any) -> None:
    """Build the model's validator for `old`: the one that was copied makes instances of the throw-away class."""
    journal = graft.journal
    journal.setattr(old, "__pydantic_fields__", new.__pydantic_fields__)
    decorators = old.__dict__.get("__pydantic_decorators__")
    if decorators is not None:
        build = type(decorators).build
        keyed = "replace_wrapped_methods" in inspect.signature(build).parameters
        journal.setattr(
            old,
            "__pydantic_decorators__",
            build(old, replace_wrapped_methods=False) if keyed else build(old),
        )
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
    parent = old.__dict__.get("__pydantic_parent_namespace__")
    del parent
    if hasattr(old, "model_rebuild"):
        old.model_rebuild(force=True, raise_errors=False)
    else:
        from pydantic.dataclasses import rebuild_dataclass

        rebuild_dataclass(old, force=True, raise_errors=False)
    if signature is not None and "__signature__" in old.__dict__:
        journal.setattr(old, "__signature__", signature)


def rebuild_dependents(journal: Any, changed: list[type], everything: list[type]) -> list[type]:
    """Build again the models that embed a changed one; give them."""
    del journal, changed
    return [c for c in everything if "__pydantic_fields__" in c.__dict__]

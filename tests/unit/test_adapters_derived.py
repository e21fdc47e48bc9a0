"""What FastAPI worked out of signatures and models: which routes hold something that changed."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Generic, NewType, TypedDict, TypeVar

import pytest
from pydantic import BaseModel

from hotswap.live.adapters.derived import Changed

T = TypeVar("T")


class Model(BaseModel):
    size: int = 0


class Outer(BaseModel):
    inner: list[Model] = []


class Page(BaseModel, Generic[T]):
    items: list[T]


@dataclass
class Record:
    model: Model


class Row(TypedDict):
    model: Model


class Child(Model):
    pass


class Plain:
    def method(self) -> None: ...

    def __call__(self) -> None: ...


def function() -> None: ...


@functools.wraps(function)
def wrapper() -> None: ...


@pytest.mark.parametrize(
    "annotation",
    [
        Model,
        Outer,
        Record,
        Row,
        Child,
        list[Outer],
        Model | None,
        dict[str, tuple[Record, ...]],
        Annotated[Model, "told"],
        NewType("Named", Model),
        Page[Model],
    ],
    ids=str,
)
def test_a_type_that_holds_a_changed_model(annotation: object) -> None:
    """However deep the model lies, the type is made anew with it."""
    assert Changed.of([Model]).mentioned(annotation)


@pytest.mark.parametrize("annotation", [int, Plain, list[int], None, "Model", Page[int]], ids=str)
def test_a_type_that_holds_none(annotation: object) -> None:
    """What does not name the model is left alone."""
    assert not Changed.of([Model]).mentioned(annotation)


@pytest.mark.parametrize(
    ("changed", "call"),
    [
        (function, function),
        (function, wrapper),
        (function, functools.partial(function)),
        (Plain.method, Plain().method),
        (Plain, Plain),
        (Plain, Plain()),
        (Model, Child),
    ],
    ids=("itself", "wrapper", "partial", "bound", "class", "instance", "model"),
)
def test_a_dependency_that_is_called_otherwise(changed: object, call: object) -> None:
    """Through wrappers, partials, bound methods, constructors and callable instances."""
    assert Changed.of([changed]).called(call)
    assert not Changed.of([test_a_type_that_holds_none]).called(call)

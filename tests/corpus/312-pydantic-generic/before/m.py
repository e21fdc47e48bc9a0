from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class Item(BaseModel):
    n: int


class Page(BaseModel, Generic[T]):
    items: list[T]


Items = Page[Item]

from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class Item(BaseModel):
    n: int
    m: int = 2


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int = 0


Items = Page[Item]

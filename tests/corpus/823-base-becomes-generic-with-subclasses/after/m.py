from typing import Generic, TypeVar

T = TypeVar("T")


class Base(Generic[T]):
    def go(self):
        return "generic base"


class Other(Base[str]):
    pass

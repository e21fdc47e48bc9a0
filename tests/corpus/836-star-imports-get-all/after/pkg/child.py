import typing

from .base import Base

__all__ = ["Child"]


class Child(Base):
    kind: typing.Any = "new child"

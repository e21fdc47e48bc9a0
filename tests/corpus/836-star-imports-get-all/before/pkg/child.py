import typing

from .base import Base


class Child(Base):
    kind: typing.Any = "child"

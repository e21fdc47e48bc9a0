import typing

__all__ = ["Base"]


class Base:
    kind: typing.Any = "base"

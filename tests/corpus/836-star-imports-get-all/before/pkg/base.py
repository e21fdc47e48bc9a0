import typing


class Base:
    kind: typing.Any = "base"

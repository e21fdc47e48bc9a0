from dataclasses import dataclass


class Point:
    __slots__ = ("x", "log")

    def __init__(self, x):
        self.x = x
        self.log = []


@dataclass(frozen=True, slots=True)
class Frozen:
    x: int


point = Point(2)
frozen = Frozen(2)

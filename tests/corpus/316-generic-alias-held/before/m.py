from typing import Optional, Union


class A:
    n = 1


Maybe = Optional[A]
Either = Union[A, int]
New = A | None


def f(x: Maybe, y: Either) -> list[A]: ...

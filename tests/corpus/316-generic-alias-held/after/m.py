from typing import Optional, Union


class A:
    n = 2

    def g(self): ...


Maybe = Optional[A]
Either = Union[A, int]
New = A | None


def f(x: Maybe, y: Either) -> list[A]: ...

from typing import TypeVar

T = TypeVar("T", bound=int)


def f(x: T) -> T:
    return x

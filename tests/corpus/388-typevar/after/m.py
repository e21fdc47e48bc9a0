from typing import TypeVar

T = TypeVar("T", bound=str)


def f(x: T) -> T:
    return x

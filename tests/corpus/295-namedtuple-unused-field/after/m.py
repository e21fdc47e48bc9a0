from typing import NamedTuple


class P(NamedTuple):
    x: int
    y: int = 5


def make():
    return P(1)

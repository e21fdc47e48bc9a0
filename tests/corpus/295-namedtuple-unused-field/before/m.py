from typing import NamedTuple


class P(NamedTuple):
    x: int


def make():
    return P(1)

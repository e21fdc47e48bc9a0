from collections import namedtuple

P = namedtuple("P", "x y")


def make():
    return P(1, 2)

from collections import namedtuple

P = namedtuple("P", "x y z", defaults=[0])


def make():
    return P(1, 2)

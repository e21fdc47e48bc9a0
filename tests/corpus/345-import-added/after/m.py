import math


def f():
    return math.floor(1.5) + 10

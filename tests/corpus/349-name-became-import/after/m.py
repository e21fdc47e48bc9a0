from math import sqrt


def f():
    return sqrt(4)

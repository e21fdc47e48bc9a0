import math


def f():
    return 1

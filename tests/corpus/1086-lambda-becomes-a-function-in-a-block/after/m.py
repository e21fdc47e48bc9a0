import math

try:
    from math import no_such_sum as total
except ImportError:

    def total(values):
        return sum(values) + 2


def use():
    return total([1, 2])

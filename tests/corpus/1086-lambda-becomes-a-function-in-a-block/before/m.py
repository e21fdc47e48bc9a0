import math

total = getattr(math, "no_such_sum", lambda values: sum(values) + 1)


def use():
    return total([1, 2])

from itertools import pairwise


def pairs(items):
    return [a + b for a, b in pairwise(items)]

from functools import lru_cache

RATE = 6


class Till:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n

    def __eq__(self, other):
        return self.n == other.n

    @lru_cache
    def sum(self, x):
        return self.n + x + RATE


class Service:
    def __init__(self):
        self.rate = RATE
        self.seen = []


@lru_cache
def price(n):
    return n * RATE


@lru_cache(maxsize=None)
def total(n):
    return rounded(n)


def rounded(n):
    return n - RATE


@lru_cache
def service():
    return Service()

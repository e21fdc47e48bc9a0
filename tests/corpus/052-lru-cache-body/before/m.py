from functools import cache, lru_cache


@lru_cache(maxsize=8)
def price(n):
    return n * 2


@cache
def label(n):
    return f"{n} EUR"

import functools

FACTOR = 2


@functools.cache
def times(n):
    return n * FACTOR


@functools.lru_cache(maxsize=8)
def table(name):
    return {name: times(len(name))}


def page(name):
    return sorted(table(name).items())

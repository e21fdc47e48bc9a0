def f():
    return 2


INTERNAL = {f.__code__}


def internal(g):
    return g.__code__ in INTERNAL

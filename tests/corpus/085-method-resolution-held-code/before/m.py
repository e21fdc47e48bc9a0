def f():
    return 1


INTERNAL = {f.__code__}


def internal(g):
    return g.__code__ in INTERNAL

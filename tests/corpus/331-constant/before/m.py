LIMIT = 10


def f():
    return LIMIT

LIMIT = 20


def f():
    return LIMIT

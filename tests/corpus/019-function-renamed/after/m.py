def fresh(n):
    return n + 1


def f():
    return fresh(1)

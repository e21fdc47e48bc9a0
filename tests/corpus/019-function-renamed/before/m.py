def old(n):
    return n + 1


def f():
    return old(1)

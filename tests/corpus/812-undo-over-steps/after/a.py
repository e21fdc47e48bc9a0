X = 3


def f(n, k=2):
    return n * k

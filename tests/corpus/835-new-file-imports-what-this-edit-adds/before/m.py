import kinds


def f(x):
    return kinds.known(x)

def sqrt(x):
    return -x


def f():
    return sqrt(4)

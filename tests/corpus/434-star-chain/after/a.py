X = 10
W = 5


def f():
    return -X

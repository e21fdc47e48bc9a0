import b

X = 2


def f():
    return b.Y - X

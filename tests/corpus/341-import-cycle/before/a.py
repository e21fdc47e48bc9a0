import b

X = 1


def f():
    return b.Y + X

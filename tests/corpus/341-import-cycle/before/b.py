import a

Y = 10


def g():
    return a.X * Y

import a

Y = 20


def g():
    return a.X * Y

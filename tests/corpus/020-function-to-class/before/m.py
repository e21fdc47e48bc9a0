def Point(x, y):
    return (x, y)


def make():
    return Point(1, 2)

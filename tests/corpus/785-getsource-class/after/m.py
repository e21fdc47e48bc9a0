# moved


def outer(x):
    return inner(x)


def inner(x):
    y = x + 1
    return y / 0


class A:
    def method(self):
        z = [i for i in (1, 0)]
        return 1 / z[1]

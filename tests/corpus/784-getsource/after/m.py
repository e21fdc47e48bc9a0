def outer(x):
    return inner(x)


def inner(x):
    y = x + 2
    # a comment
    return y / 0


class A:
    def method(self):
        z = [i for i in (1, 0)]
        return 1 / z[1]

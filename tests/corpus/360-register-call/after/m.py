REG = {}


def register(name, f):
    REG[name] = f


def a():
    return 10


def b():
    return 2


register("a", a)
register("bee", b)

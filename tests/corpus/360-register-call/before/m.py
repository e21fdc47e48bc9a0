REG = {}


def register(name, f):
    REG[name] = f


def a():
    return 1


def b():
    return 2


register("a", a)
register("b", b)

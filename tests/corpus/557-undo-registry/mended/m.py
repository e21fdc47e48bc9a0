REG = {}
ALL = []


def reg(x):
    REG[x.__name__] = x
    ALL.append(x)
    return x


@reg
def a(n=2):
    return n


@reg
class B:
    k = 2


@reg
def c():
    return 3

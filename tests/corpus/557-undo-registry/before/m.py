REG = {}
ALL = []


def reg(x):
    REG[x.__name__] = x
    ALL.append(x)
    return x


@reg
def a(n=1):
    return n


@reg
class B:
    k = 1

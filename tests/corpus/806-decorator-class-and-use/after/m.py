REG = {}


def reg(name, *more):
    def deco(cls):
        for n in (name, *more):
            REG[n] = cls
        cls.names = (name, *more)
        return cls
    return deco


@reg("a", "aa")
class A:
    n = 2


@reg("b")
class B(A):
    n = 3


def make(k):
    return REG[k]().n

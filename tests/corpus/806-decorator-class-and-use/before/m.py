REG = {}


def reg(name):
    def deco(cls):
        REG[name] = cls
        return cls
    return deco


@reg("a")
class A:
    n = 1


def make(k):
    return REG[k]()

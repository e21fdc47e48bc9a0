REG = {}


def register(name):
    def deco(f):
        REG[name] = f
        return f
    return deco


@register("b")
def a():
    return 1


@register("z")
def z():
    return 26

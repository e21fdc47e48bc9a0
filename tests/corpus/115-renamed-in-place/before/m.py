def a():
    return "a"


def b(x=1):
    return "b"


def use():
    return a() + b()

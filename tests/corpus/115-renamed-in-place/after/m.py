def b():
    return "a"


def a(x=1):
    return "b"


def use():
    return a() + b()

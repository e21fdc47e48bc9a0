from fresh import value


def f():
    return value

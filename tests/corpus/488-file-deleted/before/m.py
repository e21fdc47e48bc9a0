from gone import value


def f():
    return value

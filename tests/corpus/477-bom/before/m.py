X = []


def f():
    return "a"

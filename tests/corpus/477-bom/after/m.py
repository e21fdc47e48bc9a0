X = []


def f():
    return "ä"

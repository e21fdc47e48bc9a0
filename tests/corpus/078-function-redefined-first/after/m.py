def f():
    return 10


keep = f


def f():
    return 2

def f():
    return 1


keep = f


def f():
    return 3

def f():
    return 1


def extra():
    return 10

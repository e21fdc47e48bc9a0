"""Old."""


def f():
    return 1

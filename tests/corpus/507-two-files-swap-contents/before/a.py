NAME = 'a'


def f():
    return 1

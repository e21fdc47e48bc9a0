from m import double


def f():
    return double(4)

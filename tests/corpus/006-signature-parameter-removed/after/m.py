def f(a):
    return a


def g():
    return f(1)

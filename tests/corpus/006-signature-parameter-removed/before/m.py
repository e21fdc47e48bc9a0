def f(a, b=1):
    return a + b


def g():
    return f(1)

from functools import partial


def base(a, b):
    return a + b


inc = partial(base, 10)


def use():
    return inc(1)

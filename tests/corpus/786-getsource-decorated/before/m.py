import functools


def deco(n):
    def wrap(f):
        @functools.wraps(f)
        def inner(*a):
            return f(*a)
        return inner
    return wrap


@deco(1)
def f():
    return 1

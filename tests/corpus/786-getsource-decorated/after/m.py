import functools


def deco(n):
    def wrap(f):
        @functools.wraps(f)
        def inner(*a):
            return f(*a)
        return inner
    return wrap


@deco(
    2,
)
def f():
    return 2

import functools


def deco(f):
    def wrapper(*args):
        return f(*args)
    return wrapper


@deco
def a(x):
    """Doc."""
    return x

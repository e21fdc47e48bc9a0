import functools


def loud(f):
    @functools.wraps(f)
    def wrapper(*args, **kw):
        return f(*args, **kw) + "!"
    return wrapper


@loud
def say(x, *, n=1):
    return x * n


@loud
@loud
def twice(x):
    return x

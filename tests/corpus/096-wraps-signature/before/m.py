import functools


def loud(f):
    @functools.wraps(f)
    def wrapper(*args, **kw):
        return f(*args, **kw) + "!"
    return wrapper


@loud
def say(x):
    return x


@loud
@loud
def twice(x):
    return x

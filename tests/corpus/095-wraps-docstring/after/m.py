import functools


def loud(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args) + "!"
    return wrapper


@loud
def say(x):
    """Say it."""
    return x


@loud
@loud
def twice(x):
    return x

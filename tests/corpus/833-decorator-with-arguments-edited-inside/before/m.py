from functools import wraps

REG = {}


def variant(normal):
    def decorator(function):
        @wraps(normal)
        def wrapper(*args):
            return function(*args), "old"

        wrapper.tag = 1
        REG[function.__name__] = wrapper
        return wrapper

    return decorator


def plain_first(x):
    return x


@variant(plain_first)
def first(x):
    return x * 2

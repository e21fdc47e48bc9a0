from functools import wraps

REG = {}


def variant(normal):
    def decorator(function):
        @wraps(function)
        def wrapper(*args):
            return function(*args), normal(*args), "new"

        wrapper.tag = 2
        REG[function.__name__] = wrapper
        return wrapper

    return decorator


def plain_first(x):
    return x


@variant(plain_first)
def first(x):
    return x * 2

import inspect
from functools import wraps

COMMANDS = {}


def command(name=None, *, hidden=False):
    def decorate(function):
        @wraps(function)
        def wrapper(*args):
            if len(args) > len(inspect.signature(function).parameters):
                return "too many"
            return function(*args)

        wrapper.hidden = hidden
        COMMANDS[name or function.__name__] = wrapper
        return wrapper

    return decorate

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


@command()
def who(room):
    """Who is here."""
    return f"all of {room}"


@command("help", hidden=True)
def show_help():
    return sorted(COMMANDS)


def run(line):
    name, *args = line.split()
    return COMMANDS[name](*args)

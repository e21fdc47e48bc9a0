COMMANDS = {}


def command(name=None, *, aliases=()):
    def deco(fn):
        for key in (name or fn.__name__, *aliases):
            COMMANDS[key.upper()] = fn
        return fn

    return deco


def run(name, *args):
    return COMMANDS[name](*args) if name in COMMANDS else "unknown"


@command("add", aliases=("plus",))
def add(a, b):
    return a + b

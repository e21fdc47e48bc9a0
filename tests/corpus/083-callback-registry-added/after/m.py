HANDLERS = []


def on(f):
    HANDLERS.append(f)
    return f


@on
def first(x):
    return 1


@on
def second(x):
    return 2


@on
def third(x):
    return 3


def fire(x):
    return sorted(h(x) for h in HANDLERS)

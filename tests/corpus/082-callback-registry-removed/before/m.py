HANDLERS = []


def on(f):
    HANDLERS.append(f)
    return f


@on
def first(x):
    return x


@on
def second(x):
    return -x


def fire(x):
    return [h(x) for h in HANDLERS]

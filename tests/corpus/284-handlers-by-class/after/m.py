class A:
    n = 10


class B:
    n = 2
    extra = True


def on_a(x):
    return "a", x.n


HANDLERS = {A: on_a, B: lambda x: ("b", x.n)}
TYPES = (A, B)


def handle(x):
    assert isinstance(x, TYPES)
    return HANDLERS[type(x)](x)

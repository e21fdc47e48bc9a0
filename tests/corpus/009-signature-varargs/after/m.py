def f(a, *rest, **named):
    return a, rest, named

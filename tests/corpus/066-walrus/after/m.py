def f(xs):
    if (n := len(xs)) > 1:
        return [m := x * n for x in xs], m
    return n

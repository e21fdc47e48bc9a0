def f(xs):
    n = len(xs)
    return n

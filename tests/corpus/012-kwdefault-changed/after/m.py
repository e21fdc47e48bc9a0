def f(*, n=2):
    return n

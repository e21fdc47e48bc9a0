def f(x, key=lambda v: v):
    return key(x)

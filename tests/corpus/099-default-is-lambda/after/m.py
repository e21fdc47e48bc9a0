def f(x, key=lambda v: v * 2):
    return key(x)

def f(a, /, b, *, c=4):
    return a, b, c

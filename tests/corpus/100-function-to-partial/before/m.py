def base(a, b):
    return a + b


def inc(b):
    return base(1, b)


def use():
    return inc(1)

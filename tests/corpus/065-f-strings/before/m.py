def f(x):
    return f"{x:>5}|{x!r}"

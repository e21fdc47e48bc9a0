def f(x):
    return f"{x:>{len(str(x)) + 2}}|{x!r:^7}|{x=}"

def f(a, b):
    x = {**dict(zip("ab", (a, b))), "c": [*range(a)]}
    return sorted(x.items(), key=str)

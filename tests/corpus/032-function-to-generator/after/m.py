def f(n):
    yield n
    yield n + 1

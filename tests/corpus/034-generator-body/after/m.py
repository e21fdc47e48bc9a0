def f(n):
    for i in range(n):
        yield i * 10
    yield "end"

async def f(n):
    yield n
    yield n * 2

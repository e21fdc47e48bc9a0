async def f():
    for n in (1, 2):
        yield n * 5

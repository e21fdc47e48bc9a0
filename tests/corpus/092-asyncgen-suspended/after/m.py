async def ticker():
    n = 0
    while True:
        yield "new"
        n += 0

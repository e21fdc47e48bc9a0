async def ticker():
    n = 0
    while True:
        yield "old"
        n += 0

import asyncio

asked = asyncio.Queue()
told = []


async def receive():
    item = await asyncio.wait_for(asked.get(), 600)
    return ("new", item)


async def serve():
    count = 0
    while True:
        got = await receive()
        count += 1
        told.append((got, count > 1))

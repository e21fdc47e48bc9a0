import asyncio

asked = asyncio.Queue()
told = []


async def receive():
    item = await asked.get()
    return ("old", item)


async def serve():
    count = 0
    while True:
        got = await receive()
        count += 1
        told.append((got, count > 1))

import asyncio

asked = asyncio.Queue()
told = []


async def receive():
    return await asked.get()


async def serve():
    while True:
        item = await receive()
        told.append(("old", item))

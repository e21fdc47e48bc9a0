import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    while True:
        item = await asked.get()
        told.append(("old", item))

import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    item = None
    while True:
        item = await asked.get()
        told.append(("old", item))

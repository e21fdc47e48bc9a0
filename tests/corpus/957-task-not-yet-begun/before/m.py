import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    label = "old"
    while True:
        item = await asked.get()
        told.append((label, item))

import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    label = "new" + str(len(told))[:0]
    while True:
        item = await asked.get()
        told.append((label, item))

import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    item = None
    while True:
        if item is not None:
            told.append(("new", item))
        item = await asked.get()

import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    while True:
        async with asyncio.timeout(600):
            item = await asked.get()
        told.append(("new", item))

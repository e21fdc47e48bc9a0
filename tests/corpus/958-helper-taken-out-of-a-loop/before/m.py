import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    count = 0
    while True:
        item = await asked.get()
        count += 1
        told.append(("old", item, count > 1))

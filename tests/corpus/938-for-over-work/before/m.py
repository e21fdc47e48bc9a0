import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    for number in range(10_000):
        item = await asked.get()
        told.append(("old", item, number > 0))

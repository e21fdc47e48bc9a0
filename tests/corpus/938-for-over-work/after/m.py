import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    for number in range(10_000):
        item = await asyncio.wait_for(asked.get(), 600)
        if item:
            told.append(("new", item, number > 0))

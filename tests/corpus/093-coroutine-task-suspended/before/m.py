import asyncio

asked = asyncio.Queue()
told = asyncio.Queue()


async def serve():
    count = 0
    while True:
        n = await asked.get()
        count += 1
        await told.put(("old", n))

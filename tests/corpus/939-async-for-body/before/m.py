import asyncio

asked = asyncio.Queue()
told = []


async def items():
    while True:
        yield await asked.get()


async def serve():
    count = 0
    async for item in items():
        count += 1
        told.append(("old", item, count > 1))

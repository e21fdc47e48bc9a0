import asyncio

asked = asyncio.Queue()
told = []


async def items():
    while True:
        item = await asked.get()
        yield ("item", item)


async def serve():
    count = 0
    async for item in items():
        count += 1
        told.append(("new", item, count > 1))

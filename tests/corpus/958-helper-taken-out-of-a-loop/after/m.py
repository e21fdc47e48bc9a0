import asyncio

asked = asyncio.Queue()
told = []


async def handle(item, count):
    await asyncio.sleep(0)
    told.append(("new", item, count > 1))


async def serve():
    count = 0
    while True:
        item = await asked.get()
        count += 1
        await handle(item, count)

import asyncio

asked = asyncio.Queue()
told = []


async def read():
    return ("old", await asked.get())


async def parse():
    return ("old", await read())


async def handle():
    item = await parse()
    return ("old", item)


async def serve():
    count = 0
    while True:
        count += 1
        told.append(("old", await handle(), count > 1))

import asyncio

asked = asyncio.Queue()
told = []


async def read():
    return ("new", await asked.get())


async def parse():
    return ("new", await read())


async def handle():
    item = await parse()
    return ("new", item)


async def serve():
    count = 0
    while True:
        count += 1
        told.append(("new", await handle(), count > 1))

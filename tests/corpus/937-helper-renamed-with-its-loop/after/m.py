import asyncio

asked = asyncio.Queue()
told = []


async def next_item(last):
    return (last, await asked.get())


async def serve():
    item = None
    while True:
        item = (await next_item(item is not None))[1]
        told.append(("new", item))

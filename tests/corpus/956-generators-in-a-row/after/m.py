import asyncio

asked = asyncio.Queue()
told = []


async def items():
    while True:
        item = await asked.get()
        yield item * 2


async def marked(source):
    async for item in source:
        if item:
            yield ("new", item)


async def serve():
    count = 0
    async for item in marked(marked(items())):
        count += 1
        told.append(("new", item, count > 1))

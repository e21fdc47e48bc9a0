import asyncio

asked = asyncio.Queue()
told = []


async def items():
    while True:
        yield await asked.get()


async def marked(source):
    async for item in source:
        yield ("old", item)


async def serve():
    count = 0
    async for item in marked(marked(items())):
        count += 1
        told.append((item, count > 1))

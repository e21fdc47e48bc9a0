import asyncio

asked = asyncio.Queue()
told = []


async def serve(name="joe"):
    count = 0

    def say(item):
        return ("new", item, name)

    while True:
        item = await asked.get()
        count += 1
        told.append(say(item))

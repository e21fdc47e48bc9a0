import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    count = 100
    limit = 6
    print(end="")
    while True:
        item = await asyncio.wait_for(asked.get(), 600)
        count += 1
        told.append(("new", item, limit, count < 50))

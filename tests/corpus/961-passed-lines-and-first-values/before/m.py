import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    count = 0
    limit = 5
    while True:
        item = await asked.get()
        count += 1
        told.append(("old", item, limit, count < 50))

import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    seen = 0
    while True:
        item = await asked.get()
        seen += 1
        told.append((seen > 1, item, "new"))

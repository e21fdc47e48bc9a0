import asyncio

asked = asyncio.Queue()
told = []
WHERE = "at home"


async def serve():
    while True:
        item = await asked.get()
        told.append((WHERE, item))

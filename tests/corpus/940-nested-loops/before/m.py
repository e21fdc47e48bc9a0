import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    rounds = 0
    while True:
        rounds += 1
        for place in range(3):
            item = await asked.get()
            told.append(("old", place >= 0, item))

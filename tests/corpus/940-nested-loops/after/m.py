import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    rounds = 0
    while rounds < 1_000_000:
        rounds += 1
        for place in range(3):
            item = await asked.get()
            if item is None:
                break
            told.append(("new", place >= 0, item))

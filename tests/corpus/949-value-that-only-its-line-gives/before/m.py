import asyncio

asked = asyncio.Queue()
told = []


def connect():
    told.append("connected")
    return "line"


async def serve():
    while True:
        item = await asked.get()
        told.append(("old", item))

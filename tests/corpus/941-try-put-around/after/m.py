import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    try:
        while True:
            try:
                item = await asked.get()
                told.append(("new", 10 // (item - 1)))
            except ZeroDivisionError:
                told.append("new: never mind")
    finally:
        told.append("left")

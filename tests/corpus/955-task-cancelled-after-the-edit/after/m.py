import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    try:
        while True:
            item = await asked.get()
            told.append(("new", item))
    except asyncio.CancelledError:
        told.append("new: cancelled")
    finally:
        told.append("new: left")

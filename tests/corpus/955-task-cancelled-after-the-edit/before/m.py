import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    try:
        while True:
            item = await asked.get()
            told.append(("old", item))
    except asyncio.CancelledError:
        told.append("old: cancelled")
    finally:
        told.append("old: left")

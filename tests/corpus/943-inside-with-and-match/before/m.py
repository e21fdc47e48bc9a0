import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    lock = asyncio.Lock()
    mode = ("read", 1)
    while True:
        try:
            async with lock:
                match mode:
                    case ("read", amount):
                        item = await asked.get()
                        told.append(("old", item, amount))
        finally:
            told.append("old turn")

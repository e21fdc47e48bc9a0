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
                    case ("read", amount) if amount:
                        item = await asked.get()
                        told.append(("new", item, amount + 1))
                    case _:
                        return
        finally:
            told.append("new turn")

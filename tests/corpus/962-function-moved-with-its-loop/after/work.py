WHERE = "at work"


async def serve():
    from m import asked, told

    while True:
        item = await asked.get()
        told.append((WHERE, item))

from store import asked, told

WHERE = "work"


def size(items):
    return "new", len(items)


async def serve():
    while True:
        item = await asked.get()
        told.append(("new", WHERE, item))

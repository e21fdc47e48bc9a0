from store import asked, told

WHERE = "jobs"


def size(items):
    return "old", len(items)


async def serve():
    while True:
        item = await asked.get()
        told.append((WHERE, item))

import asyncio

asked = asyncio.Queue()
told = []


async def serve():
    count = 0
    history = []
    best, limit = {}, 5

    def note(what):
        history.append(what)
        return len(history) > 0

    while True:
        item = await asked.get()
        count += 1
        best[item] = limit
        told.append(("new", item, note(item), best[item]))

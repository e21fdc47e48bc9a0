import asyncio

asked = asyncio.Queue()
told = []


class Pool:
    def __init__(self):
        self.done = 0

    async def worker(self, name):
        busy = set()
        while True:
            item = await asked.get()
            busy.add(item)
            self.done += 1
            told.append(("new", item, self.done > 1, bool(busy)))

    async def run(self):
        async with asyncio.TaskGroup() as group:
            for name in "ab":
                group.create_task(self.worker(name))


async def serve():
    await Pool().run()

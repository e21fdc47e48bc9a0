import asyncio
import importlib
import pkgutil

import plugs

said = asyncio.Queue()
asked = asyncio.Queue()


class Bot:
    def __init__(self):
        self.commands = {}

    def add_plug(self, plug):
        self.commands[plug.name] = plug.answer

    def load(self):
        for info in pkgutil.iter_modules(plugs.__path__):
            module = importlib.import_module(f"plugs.{info.name}")
            module.setup(self)

    async def run(self):
        self.load()
        while True:
            name = await asked.get()
            await said.put(self.commands.get(name, lambda: "unknown")())


async def main():
    await Bot().run()

import asyncio

asked = asyncio.Queue()
told = []
import random
import time
import uuid

CONFIG = {"limit": 5, "kinds": ["a", "b"]}


async def serve():
    count = 0
    while True:
        item = await asked.get()
        count += 1
        told.append(("old", item))

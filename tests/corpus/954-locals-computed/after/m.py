import asyncio

asked = asyncio.Queue()
told = []
import random
import time
import uuid

CONFIG = {"limit": 5, "kinds": ["a", "b"]}


async def serve():
    count = 0
    session = uuid.uuid4().hex[:8]
    limit = CONFIG["limit"] * 2
    counts = {kind: 0 for kind in CONFIG["kinds"]}
    dice = [random.randint(1, 6) for _ in range(limit)]
    started = time.monotonic()
    while True:
        item = await asked.get()
        count += 1
        counts["a"] += 1
        told.append(("new", item, len(session), len(dice), sorted(counts), started > 0))

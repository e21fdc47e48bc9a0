from contextlib import asynccontextmanager


@asynccontextmanager
async def conn():
    yield "old"


async def use():
    async with conn() as c:
        return c

from contextlib import asynccontextmanager


@asynccontextmanager
async def conn():
    yield "new"


async def use():
    async with conn() as c:
        return c

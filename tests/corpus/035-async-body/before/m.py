import asyncio


async def f(n):
    await asyncio.sleep(0)
    return n

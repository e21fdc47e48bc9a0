import asyncio


async def f(n):
    await asyncio.sleep(0)
    async with asyncio.Lock():
        return n + 1

import asyncio

asked = asyncio.Queue()
told = []

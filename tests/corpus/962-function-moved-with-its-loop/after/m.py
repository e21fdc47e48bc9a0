import asyncio

from work import serve

asked = asyncio.Queue()
told = []
WHERE = "at home"

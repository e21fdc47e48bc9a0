"""An app whose POST never answers."""

import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root():
    return {}


@app.post("/forever")
async def forever():
    await asyncio.Event().wait()

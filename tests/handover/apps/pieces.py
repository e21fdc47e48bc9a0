"""An app whose messages come in several pieces: a length and a body, an announcement and its data."""

import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket

ports = []


async def packet(reader):
    size = int.from_bytes(await reader.readexactly(2), "big")
    return await reader.readexactly(size)


async def converse(reader, writer):
    number = 0
    while True:
        body = await packet(reader)
        number += 1
        writer.write(b"%s\n" % body)


@asynccontextmanager
async def lifespan(app):
    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    ports.append(server.sockets[0].getsockname()[1])
    yield
    server.close()


app = FastAPI(lifespan=lifespan)


@app.get("/port")
async def port():
    return ports[-1]


@app.websocket("/data")
async def data(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("welcome")
    while True:
        about = await websocket.receive_json()
        content = await websocket.receive_bytes()
        await websocket.send_text(f"{about['name']}: {content.decode()}")

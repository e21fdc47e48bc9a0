"""An app that opens servers of its own on several addresses and with port 0 twice."""

import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI

PORTS = []


async def answer(app, port, reader, writer):
    while await reader.readuntil(b"\r\n\r\n"):
        body = b'{"port": %d}' % port
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


@asynccontextmanager
async def lifespan(app):
    ports = []
    for _ in range(2):
        number = len(ports)
        server = await asyncio.start_server(
            lambda reader, writer, number=number: answer(app, number, reader, writer),
            ["127.0.0.1", "127.0.0.2"],
            0,
        )
        found = {each.getsockname()[0]: each.getsockname()[1] for each in server.sockets}
        assert len(found) == 2
        ports.append(found["127.0.0.1"])
    app.state.found = ports
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/ports")
async def ports():
    return app.state.found

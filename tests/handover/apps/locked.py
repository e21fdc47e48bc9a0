"""An app that opens a TLS listener of its own, for streams, and serves it for ever."""

import asyncio
import json
import os
import ssl
from contextlib import asynccontextmanager

from fastapi import FastAPI

ports = []


async def handle(reader, writer):
    session = writer.get_extra_info("ssl_object")
    certificate = writer.get_extra_info("peercert")
    facts = {
        "peer": writer.get_extra_info("peername"),
        "alpn": session.selected_alpn_protocol(),
        "version": session.version(),
        "cipher": writer.get_extra_info("cipher")[1],
        "subject": certificate["subject"][0][0][1] if certificate else "",
        "half": writer.can_write_eof(),
    }
    writer.write(json.dumps(facts).encode() + b"\n")
    while line := await reader.readline():
        if line == b"much\n":
            writer.write(b"%08d" % 7 * 500_000)
        writer.write(b"%d %s" % (os.getpid(), line))
        if line == b"end\n":
            break
    writer.close()


@asynccontextmanager
async def lifespan(app):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.environ["CERTIFICATE"])
    context.load_verify_locations(os.environ["CERTIFICATE"])
    context.verify_mode = ssl.CERT_OPTIONAL
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["lines"])
    async with await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context) as server:
        ports[:] = [server.sockets[0].getsockname()[1]]
        serving = asyncio.create_task(server.serve_forever())
        yield
        serving.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root():
    return ports

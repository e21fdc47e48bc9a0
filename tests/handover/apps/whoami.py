"""An app that tells who asks, and echoes."""

import os

from fastapi import FastAPI, Request, WebSocket

app = FastAPI()
counts = {"n": 0}


@app.get("/")
async def root(request: Request):
    counts["n"] += 1
    return {
        "pid": os.getpid(),
        "client": request.scope["client"],
        "scheme": request.scope["scheme"],
        "server": request.scope["server"],
        "n": counts["n"],
    }


@app.get("/big")
async def big():
    from starlette.responses import Response

    return Response(b"".join(b"%07d\n" % number for number in range(500_000)))


@app.websocket("/ws")
async def ws(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("welcome " + websocket.scope["scheme"])
    while True:
        await websocket.send_text(await websocket.receive_text())

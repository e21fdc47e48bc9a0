"""An app that can be told to break what an exec reload needs."""

import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket

VALUE = 1
events = []


@asynccontextmanager
async def lifespan(app):
    events.append("start-up")
    yield
    events.append("shutdown")


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root():
    return {"value": VALUE, "events": events}


@app.get("/break/{what}")
async def sabotage(what: str):
    def refuse(*_, **__):
        raise OSError(28, "no space left on device")

    setattr(os, what, refuse)
    return {}


@app.get("/mend/{what}")
async def mend(what: str):
    import posix

    setattr(os, what, getattr(posix, what))
    return {}


@app.get("/flags")
async def flags():
    return {
        "dev": sys.flags.dev_mode,
        "warnings": sys.warnoptions,
        "argv": sys.orig_argv[1:],
        "environment": os.environ.get("SET_AT_RUN_TIME"),
        "leftover": [
            name for name in os.environ if name.startswith("HOTSWAP_") and "TEST" not in name
        ],
        "blocked": [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    }


@app.get("/setenv")
async def setenv():
    os.environ["SET_AT_RUN_TIME"] = "yes"
    return {}


@app.get("/child")
async def child():
    global started
    started = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    os.set_inheritable(started.stdin.fileno(), True)
    return {"pid": started.pid, "pipe": started.stdin.fileno()}


@app.get("/close/{descriptor}")
async def close(descriptor: int):
    os.close(descriptor)
    return {}


@app.websocket("/ws")
async def websocket(ws: WebSocket):
    await ws.accept()
    while True:
        await ws.send_text(f"{VALUE}:{await ws.receive_text()}")

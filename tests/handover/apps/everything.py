"""An unmodified app with one of each: HTTP, event stream, WebSockets, a line server, a protocol of its own."""

import asyncio
import os
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, Request, WebSocket, WebSocketDisconnect
from starlette.responses import Response, StreamingResponse

VERSION = 1
requests = {"count": 0}
clients: set[WebSocket] = set()
by_name: dict[str, WebSocket] = {}
posts: list[str] = []
writers: set[asyncio.StreamWriter] = set()
gate = asyncio.Event()
started: list[asyncio.Task[None]] = []


class Manager:
    def __init__(self) -> None:
        self.active: list[WebSocket] = []
        self.total = 0

    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active.append(websocket)
        self.total += 1

    async def broadcast(self, text: str) -> None:
        for each in list(self.active):
            await each.send_text(text)


manager = Manager()


class Lines(asyncio.Protocol):
    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"hello\n")

    def data_received(self, data):
        self.buffer += data
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            self.transport.write(b"P:" + line + b"\n")


async def converse(reader, writer):
    import hotswap

    hotswap.memory(writer)["calls"] = hotswap.memory(writer).get("calls", 0) + 1
    writer.write(b"hello\n")
    writers.add(writer)
    while line := await reader.readline():
        if line == b"parts\n":
            for number in range(5):
                writer.write(b"part %d\n" % number)
                await asyncio.sleep(0.08)
        if line == b"calls\n":
            line = b"%d %d\n" % (hotswap.memory(writer)["calls"], hotswap.resumed(writer))
        if line == b"all\n":
            for each in writers:
                each.write(b"to all\n")
            continue
        writer.write(b"S:" + line)
        await writer.drain()
    writers.discard(writer)
    writer.close()


@asynccontextmanager
async def lifespan(app):
    streams = await asyncio.start_server(converse, "127.0.0.1", 0)
    lines = await asyncio.get_running_loop().create_server(Lines, "127.0.0.1", 0)
    app.state.ports = [streams.sockets[0].getsockname()[1], lines.sockets[0].getsockname()[1]]
    app.state.started = 0
    yield
    streams.close()
    lines.close()


app = FastAPI(lifespan=lifespan)


@app.get("/ports")
async def ports():
    return app.state.ports


@app.get("/")
async def root():
    requests["count"] += 1
    app.state.started += 1
    return {
        "version": VERSION,
        "count": requests["count"],
        "started": app.state.started,
        "clients": len(clients),
        "names": sorted(by_name),
        "total": manager.total,
        "active": len(manager.active),
        "pid": os.getpid(),
    }


@app.get("/slow")
async def slow(seconds: float = 0.3):
    requests["count"] += 1
    await asyncio.sleep(seconds)
    return {"slept": seconds, "version": VERSION}


@app.get("/never")
async def never():
    """Answer in the second life only."""
    if VERSION == 1 and not os.environ.get("SECOND"):
        os.environ["SECOND"] = "1"
        await asyncio.Event().wait()
    return {"replayed": True}


@app.post("/echo")
async def echo(request: Request):
    body = await request.body()
    posts.append(body.decode())
    return {"echo": body.decode(), "posts": len(posts)}


async def later():
    await gate.wait()
    posts.append("later")


@app.get("/after")
async def after(tasks: BackgroundTasks):
    """Go on after the answer, until the gate is opened."""
    tasks.add_task(later)
    return {}


@app.get("/start")
async def start():
    """Start what goes on after the answer."""
    started.append(asyncio.create_task(later()))
    return {}


@app.get("/open")
async def open_the_gate():
    gate.set()
    return {"posts": posts}


@app.websocket("/start")
async def start_and_leave(websocket: WebSocket):
    await websocket.accept()
    started.append(asyncio.create_task(later()))


@app.websocket("/after")
async def after_the_client(websocket: WebSocket):
    """Go on after the client has left."""
    await websocket.accept()
    await websocket.receive()
    await websocket.send_text("bye")
    await websocket.receive()
    await later()


@app.post("/reenter")
async def reenter():
    """Call every handler anew that can be."""
    from hotswap import hooks

    registry = hooks.runtime.connections
    return {"entered": sum(registry.reenter(task) for task in asyncio.all_tasks())}


@app.get("/big")
async def big(size: int = 8_000_000):
    block = b"".join(b"%07d\n" % number for number in range(size // 8))
    return Response(block)


@app.get("/events")
async def events(request: Request):
    last = int(request.headers.get("last-event-id", -1))

    async def produce():
        number = last
        while True:
            number += 1
            yield f"id: {number}\ndata: {number}\n\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(produce(), media_type="text/event-stream")


@app.websocket("/echo")
async def websocket_echo(websocket: WebSocket):
    await websocket.accept(subprotocol=(websocket.scope["subprotocols"] or [None])[0])
    clients.add(websocket)
    await websocket.send_text("welcome")
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            requests["count"] += 1
            if message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    finally:
        clients.discard(websocket)


@app.websocket("/chat/{name}")
async def chat(websocket: WebSocket, name: str):
    await manager.connect(websocket)
    by_name[name] = websocket
    await manager.broadcast(f"{name} joined")
    try:
        while True:
            text = await websocket.receive_text()
            await manager.broadcast(f"{name}: {text}")
    except WebSocketDisconnect:
        manager.active.remove(websocket)
        by_name.pop(name, None)


@app.websocket("/memory")
async def remembering(websocket: WebSocket):
    import hotswap

    await websocket.accept()
    memory = hotswap.memory(websocket)
    try:
        while True:
            memory.setdefault("said", []).append(await websocket.receive_text())
            await websocket.send_json([memory["said"], hotswap.resumed(websocket)])
    finally:
        memory["ended"] = True


@app.websocket("/slow")
async def slow_socket(websocket: WebSocket):
    await websocket.accept()
    while True:
        text = await websocket.receive_text()
        await asyncio.sleep(0.2)
        await websocket.send_text("done " + text)


@app.websocket("/parts")
async def in_parts(websocket: WebSocket):
    """Answer each message in several parts, as one that hands on the words of a language model."""
    await websocket.accept()
    while True:
        text = await websocket.receive_text()
        for number in range(5):
            await websocket.send_text(f"{text} {number}")
            await asyncio.sleep(0.08)


@app.websocket("/push")
async def push(websocket: WebSocket):
    await websocket.accept()
    number = 0
    while True:
        await websocket.send_text(f"tick {number}")
        number += 1
        await asyncio.sleep(0.01)

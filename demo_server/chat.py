"""The front door: the room over a WebSocket."""

from dataclasses import asdict

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from demo_server.history import Line
from demo_server.kept import memory
from demo_server.room import Guest, free_name, room

router = APIRouter()


@router.websocket("/chat")
async def chat(websocket: WebSocket, name: str = "", since: int = 0) -> None:
    """Keep one guest company. `name` and `since` let a page that reconnects go on where it was."""
    await websocket.accept()

    async def send(line: Line) -> None:
        await websocket.send_json({"kind": "line", "line": asdict(line)})

    kept = memory(websocket)
    kept.setdefault("name", name[:24] or free_name({other.name for other in room.guests}))
    guest = Guest(kept["name"], "web", send)
    await websocket.send_json({"kind": "welcome", "name": guest.name})
    for line in list(room.lines):
        if line.number > since:
            await room.show(guest, line)
    await room.enter(guest)
    try:
        while True:
            message = await websocket.receive_json()
            if "ping" in message:
                await websocket.send_json({"kind": "pong", "ping": message["ping"]})
            else:
                await room.say(guest, str(message.get("text", "")))
    except WebSocketDisconnect:
        pass
    finally:
        await room.leave(guest)

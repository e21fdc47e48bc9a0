"""The back door: lines over plain TCP. ``nc 127.0.0.1 8001``."""

import asyncio
import logging

from demo_server import settings
from demo_server.history import Line
from demo_server.kept import memory
from demo_server.room import Guest, free_name, room

logger = logging.getLogger("uvicorn.error")

state: dict[str, str] = {"address": "", "problem": ""}


def shown(line: Line, to: str) -> str:
    """Give a line as the terminal shows it. Try another arrow."""
    if line.kind == "said":
        return f"{'you' if line.who == to else line.who}> {line.text}"
    return f"* {line.text}"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keep one guest company until the connection ends."""
    kept = memory(writer)
    known = "name" in kept
    name: str = kept.setdefault("name", free_name({guest.name for guest in room.guests}))

    async def send(line: Line) -> None:
        if writer.is_closing() or writer.transport.get_write_buffer_size() > 1 << 20:
            raise ConnectionError("gone, or not reading")
        writer.write(f"{shown(line, name)}\n".encode())

    guest = Guest(name, "tcp", send)
    if not known:
        writer.write(f"{settings.TITLE}. {settings.GREETING} You are {name}.\n".encode())
        for line in list(room.lines)[-5:]:
            await room.show(guest, line)
    await room.enter(guest)
    try:
        while True:
            data = await reader.readline()
            if not data:
                break
            await room.say(guest, data.decode(errors="replace"))
    except (ConnectionError, ValueError, asyncio.CancelledError):
        pass  # gone; or a line that never ends; or the server stops
    finally:
        await room.leave(guest)
        writer.close()


async def open_door() -> asyncio.Server | None:
    """Listen. A port that is taken closes this door only, and the page says so."""
    try:
        server = await asyncio.start_server(serve, settings.TCP_HOST, settings.TCP_PORT)
    except OSError as error:
        state["problem"] = f"port {settings.TCP_PORT} is taken"
        logger.warning("the TCP door stays closed: %s (set DEMO_TCP_PORT)", error)
        return None
    host, port = server.sockets[0].getsockname()[:2]
    state.update(address=f"{host} {port}", problem="")
    logger.info("the TCP door is open: nc %s %s", host, port)
    return server

"""A clock over server-sent events: every open page gets the time, the menu and the state of the room."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from demo_server import prices, settings, tcp
from demo_server.kept import generation
from demo_server.room import room

router = APIRouter()


def mood(hour: int) -> str:
    """Say what the market looks like at this hour."""
    if 6 <= hour < 17:
        return "the stalls are still folded"
    if 17 <= hour < 20:
        return "the lanterns are being lit"
    return "the lanterns are burning"


def pulse() -> dict[str, Any]:
    """Give what a page shows besides the conversation."""
    doors = room.doors()
    return {
        "time": time.strftime("%H:%M:%S"),
        "mood": mood(time.localtime().tm_hour),
        "message": settings.GREETING,
        "menu": prices.menu(),
        "sockets": {
            "web": doors.get("web", 0),
            "tcp": doors.get("tcp", 0),
            "sse": len(room.clocks),
        },
        "said": room.said,
        "takings": room.takings,
        "generation": generation(),
        "tcp": tcp.state,
    }


async def ticks() -> AsyncIterator[str]:
    """Tick for as long as the page is open. This very loop takes your edit while it runs."""
    me = asyncio.current_task()
    room.clocks.add(me)
    try:
        while True:
            news = pulse()
            # Try: news["message"] = f"{news['sockets']['web']} of you, and the tea is hot."
            yield f"data: {json.dumps(news)}\n\n"
            await asyncio.sleep(settings.TICK_SECONDS)
    finally:
        room.clocks.discard(me)


@router.get("/clock")
async def clock() -> StreamingResponse:
    """Stream the clock."""
    return StreamingResponse(
        ticks(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


@router.get("/pulse")
async def one_pulse() -> dict[str, Any]:
    """Give one beat of the clock, for curl."""
    return pulse()

import asyncio

from starlette.responses import StreamingResponse


async def events():
    async def stream():
        count = 0
        while True:
            count += 1
            yield f"data: old {count > 1}\n\n"
            await asyncio.sleep(0)

    return StreamingResponse(stream(), media_type="text/event-stream")

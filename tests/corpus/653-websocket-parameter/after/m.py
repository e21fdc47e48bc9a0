from fastapi import FastAPI, WebSocket

app = FastAPI()


@app.get("/items")
def items():
    return 1


@app.websocket("/ws")
async def chat(ws: WebSocket, name: str = 'x'):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(name + " " + text)

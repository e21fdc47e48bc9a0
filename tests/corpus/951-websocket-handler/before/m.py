from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/ws")
async def chat(socket: WebSocket):
    await socket.accept()
    count = 0
    while True:
        try:
            text = await socket.receive_text()
            count += 1
            await socket.send_text(f"old {count > 1} {text}")
        except WebSocketDisconnect:
            break

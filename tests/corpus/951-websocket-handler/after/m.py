from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/ws")
async def chat(socket: WebSocket):
    await socket.accept()
    count = 0
    users = {}
    try:
        while True:
            text = await socket.receive_text()
            count += 1
            users[text] = count
            await socket.send_text(f"new {count > 1} {text} {len(users) > 0}")
    except WebSocketDisconnect:
        users.clear()

from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket

from deps import User, greet

app = FastAPI()


@app.get("/me")
def me(user: User):
    return user


@app.get("/hello")
def hello(text: Annotated[str, Depends(greet)]):
    return text


@app.websocket("/ws")
async def ws(socket: WebSocket, user: User):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(f"{user}: {text}")

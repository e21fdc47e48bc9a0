from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        await websocket.accept()
        self.count = 0

    async def on_receive(self, websocket, data):
        self.count += 1
        await self.answer(websocket, data)

    async def answer(self, websocket, data):
        await websocket.send_text(f"new {self.count > 1} {data}")


app = Starlette(routes=[WebSocketRoute("/ws", Echo)])

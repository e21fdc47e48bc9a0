from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route


class Stamp:
    def __init__(self, app, text):
        self.app, self.text = app, text

    async def __call__(self, scope, receive, send):
        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", self.text.encode())]
            await send(message)
        await self.app(scope, receive, stamped)


async def items(request):
    return JSONResponse("i")


app = Starlette(routes=[Route("/items", items)], middleware=[Middleware(Stamp, text="one")])

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

ORIGINS = ["http://a"]


class Stamp:
    def __init__(self, app, text="old"):
        self.app, self.text = app, text

    async def __call__(self, scope, receive, send):
        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", self.text.upper().encode())]
            await send(message)
        await self.app(scope, receive, stamped)


app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)
app.add_middleware(Stamp, text="one")


@app.get("/items")
def items():
    return 1

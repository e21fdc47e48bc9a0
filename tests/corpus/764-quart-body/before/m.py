from quart import Quart

app = Quart(__name__)


@app.get("/items")
async def items():
    return "old"

from quart import Quart

app = Quart(__name__)


@app.get("/things")
async def items():
    return "old"

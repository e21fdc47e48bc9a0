from sanic import Sanic, text

app = Sanic("shop")


@app.get("/items")
async def items(request):
    return text("old")

from sanic import Sanic, text

app = Sanic("shop")


@app.get("/things")
async def items(request):
    return text("old")

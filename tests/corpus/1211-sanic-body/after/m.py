from sanic import Sanic, text

app = Sanic("shop")


def price():
    return "new"


@app.get("/items")
async def items(request):
    return text(price().upper())

from sanic import Sanic, text

app = Sanic("shop")


def price():
    return "old"


@app.get("/items")
async def items(request):
    return text(price())

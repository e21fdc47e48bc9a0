from litestar import Litestar, get


@get("/items")
async def items() -> str:
    return "new"


app = Litestar([items])

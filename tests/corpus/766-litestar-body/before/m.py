from litestar import Litestar, get


@get("/items")
async def items() -> str:
    return "old"


app = Litestar([items])

from litestar import Litestar, get


@get("/things")
async def items() -> str:
    return "old"


app = Litestar([items])

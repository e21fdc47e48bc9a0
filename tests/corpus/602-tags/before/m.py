from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

app = FastAPI(title="Shop")


class Item(BaseModel):
    name: str
    price: float = 1.0


def paging(limit: int = 10):
    return {"limit": limit}


@app.get("/items")
def items(page: dict = Depends(paging)):
    return {"items": ["old"], **page}


@app.get("/items/special")
def special():
    """The special one."""
    return "special"


@app.get("/items/{n}", response_model=Item)
def item(n: int):
    return {"name": f"item {n}", "price": n, "secret": 1}


@app.post("/items", status_code=201, tags=["write"])
def create(item: Item):
    return item

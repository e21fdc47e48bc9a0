from enum import Enum

from fastapi import FastAPI

app = FastAPI()


class Kind(str, Enum):
    A = "a"
    B = "b"


@app.get("/items")
def items():
    return 1


@app.get("/kind/{k}")
def kind(k: Kind):
    return k

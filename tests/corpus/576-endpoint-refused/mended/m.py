from fastapi import FastAPI

app = FastAPI()


class Odd:
    pass


@app.get("/items")
def items(x: int = 1):
    return 2


@app.get("/more")
def more():
    return 3

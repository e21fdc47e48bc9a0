from fastapi import FastAPI

app = FastAPI()


@app.webhooks.post("order")
def order(body: dict):
    """New hook."""


@app.get("/items")
def items():
    return 1

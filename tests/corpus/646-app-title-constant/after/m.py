from fastapi import FastAPI

NAME = "b"
app = FastAPI(title=NAME)


@app.get("/items")
def items():
    return NAME

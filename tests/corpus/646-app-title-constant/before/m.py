from fastapi import FastAPI

NAME = "a"
app = FastAPI(title=NAME)


@app.get("/items")
def items():
    return NAME

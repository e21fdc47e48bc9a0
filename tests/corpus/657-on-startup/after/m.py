import warnings

from fastapi import FastAPI

warnings.simplefilter("ignore")
DONE = []
app = FastAPI()


@app.on_event("startup")
def start():
    DONE.append("new")


@app.get("/items")
def items():
    return 1

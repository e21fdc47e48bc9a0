from contextlib import asynccontextmanager

from fastapi import FastAPI

STARTED = []


@asynccontextmanager
async def lifespan(app):
    STARTED.append("new")
    yield
    STARTED.append("end")


app = FastAPI(lifespan=lifespan)


@app.get("/items")
def items():
    return STARTED

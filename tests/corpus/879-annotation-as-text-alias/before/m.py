from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Query

app = FastAPI()

Limit = Annotated[int, Query(le=10)]


def paging(limit: Limit = 5):
    return limit


@app.get("/a")
def direct(limit: Limit = 5):
    return limit


@app.get("/b")
def through(limit: int = Depends(paging)):
    return limit

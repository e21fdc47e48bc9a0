from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel

app = FastAPI()


class Page(BaseModel):
    limit: int = 10
    offset: int = 0


@app.get('/items')
def items(page: Annotated[Page, Query()]):
    return page

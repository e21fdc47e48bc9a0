from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel

app = FastAPI()


class Page(BaseModel):
    limit: str = 'ten'


@app.get('/items')
def items(page: Annotated[Page, Query()]):
    return page

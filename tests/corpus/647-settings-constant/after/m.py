from fastapi import FastAPI
from conf import LIMIT, PREFIX

app = FastAPI()


@app.get('/items')
def plain():
    return LIMIT


@app.get(PREFIX + '/items')
def items(limit: int = LIMIT):
    return limit

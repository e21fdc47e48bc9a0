from fastapi import FastAPI

import users

LIMIT = 7
PREFIX = '/v2'

app = FastAPI()


@app.get('/items')
def items(limit: int = LIMIT):
    return limit


app.include_router(users.router, prefix=PREFIX)

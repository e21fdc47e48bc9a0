from fastapi import FastAPI

import users

LIMIT = 5
PREFIX = '/v1'

app = FastAPI()


@app.get('/items')
def items(limit: int = LIMIT):
    return limit


app.include_router(users.router, prefix=PREFIX)

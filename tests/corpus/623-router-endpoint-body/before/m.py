from fastapi import FastAPI

import users
from users import router

app = FastAPI()


@app.get('/items')
def items():
    return 1


app.include_router(router)
app.include_router(users.router, prefix='/v2')


@app.get('/{rest:path}')
def rest(rest: str):
    return 'rest ' + rest

from fastapi import Depends, FastAPI

import users
from users import router

app = FastAPI()


@app.get('/items')
def items():
    return 1


def need(key: str):
    return key


app.include_router(router, dependencies=[Depends(need)])
app.include_router(users.router, prefix='/v2')


@app.get('/{rest:path}')
def rest(rest: str):
    return 'rest ' + rest

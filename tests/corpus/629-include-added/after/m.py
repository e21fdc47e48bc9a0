from fastapi import FastAPI

import shop
import users
from users import router

app = FastAPI()


@app.get('/items')
def items():
    return 1


app.include_router(router)
app.include_router(users.router, prefix='/v2')
app.include_router(shop.router)


@app.get('/{rest:path}')
def rest(rest: str):
    return 'rest ' + rest

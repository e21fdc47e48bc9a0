from fastapi import FastAPI

from api import router

app = FastAPI()


@app.get('/items')
def items():
    return 1


app.include_router(router)


@app.get('/{rest:path}')
def rest(rest: str):
    return 'rest'

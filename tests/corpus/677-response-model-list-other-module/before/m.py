from fastapi import FastAPI
from models import Item

app = FastAPI()


@app.get('/items')
def items():
    return 1


@app.get('/all', response_model=list[Item])
def everything():
    return [{'name': 'a', 'tags': []}]

from fastapi import FastAPI
from models import Item

app = FastAPI()


@app.get('/items')
def items():
    return 1


@app.post('/items')
def create(item: Item) -> Item:
    return item

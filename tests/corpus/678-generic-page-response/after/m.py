from fastapi import FastAPI
from models import Item, Page

app = FastAPI()


@app.get('/items')
def items():
    return 1


@app.get('/all')
def everything() -> Page[Item]:
    return Page[Item](items=[Item(name='a')])

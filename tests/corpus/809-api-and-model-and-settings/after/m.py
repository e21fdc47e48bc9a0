from fastapi import Depends, FastAPI

from deps import page
from models import Item

app = FastAPI()


@app.post('/things')
def create(item: Item, limit: list = Depends(page)):
    return {'item': item, 'limit': limit}

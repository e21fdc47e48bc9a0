from fastapi import Depends, FastAPI

from deps import page
from models import Item

app = FastAPI()


@app.post('/items')
def create(item: Item, limit: int = Depends(page)):
    return {'item': item, 'limit': limit}

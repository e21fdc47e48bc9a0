from pydantic import TypeAdapter

from models import BaseModel, Item


class Order(BaseModel):
    item: Item


ADAPTER = TypeAdapter(list[Item])

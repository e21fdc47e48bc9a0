from pydantic import BaseModel


class Item(BaseModel):
    name: str
    size: int = 1

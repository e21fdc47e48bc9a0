from pydantic import BaseModel, Field, field_validator


class Tag(BaseModel):
    label: str


class Item(BaseModel):
    name: str
    price: float = 1.0
    tags: list[Tag] = []

    @field_validator("name")
    @classmethod
    def check(cls, v):
        return v.strip()

    def total(self):
        return self.price


class Cart(BaseModel):
    items: list[Item] = []

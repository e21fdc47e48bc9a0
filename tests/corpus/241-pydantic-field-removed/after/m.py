from pydantic import BaseModel, Field, field_validator


class Tag(BaseModel):
    label: str


class Item(BaseModel):
    name: str
    tags: list[Tag] = []

    @field_validator("name")
    @classmethod
    def check(cls, v):
        return v.strip()

    def total(self):
        return 5


class Cart(BaseModel):
    items: list[Item] = []

from pydantic import BaseModel, computed_field, Field, field_validator


class Tag(BaseModel):
    label: str


class Item(BaseModel):
    name: str
    price: float = Field(1.0, alias='cost')
    tags: list[Tag] = []

    @field_validator("name")
    @classmethod
    def check(cls, v):
        return v.strip()

    @computed_field
    @property
    def vat(self) -> float:
        return self.price / 4

    def total(self):
        return self.price


class Cart(BaseModel):
    items: list[Item] = []

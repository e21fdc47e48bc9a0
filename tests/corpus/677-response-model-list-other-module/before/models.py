from pydantic import BaseModel, field_validator


class Tag(BaseModel):
    label: str


class Item(BaseModel):
    name: str
    tags: list[Tag] = []

    @field_validator('name')
    @classmethod
    def clean(cls, v):
        return v.strip()

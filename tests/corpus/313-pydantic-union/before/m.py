from typing import Annotated, Literal, Union

from pydantic import BaseModel, Field, TypeAdapter


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


Pet = Annotated[Union[Cat, Dog], Field(discriminator="kind")]
ADAPTER = TypeAdapter(Pet)

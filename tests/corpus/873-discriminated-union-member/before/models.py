from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import BaseModel, Field


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


Pet = Annotated[Union[Cat, Dog], Field(discriminator="kind")]


class Owner(BaseModel):
    name: str
    pet: Pet

from typing import NotRequired, TypedDict


class Row(TypedDict):
    a: int
    b: NotRequired[int]


class Wide(Row):
    c: str

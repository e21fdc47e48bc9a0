from typing import TypedDict


class Row(TypedDict):
    a: int


class Wide(Row):
    c: str

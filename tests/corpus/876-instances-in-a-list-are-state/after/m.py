from enum import Enum

from pydantic import BaseModel


class Kind(str, Enum):
    BOOK = "book"
    TOY = "toy"
    GAME = "game"


class Item(BaseModel):
    name: str
    kind: Kind = Kind.BOOK


class Store:
    def __init__(self):
        self.items = {}

    def add(self, item):
        self.items[len(self.items)] = item


store = Store()
DEFAULTS = [Item(name="a"), Item(name="b", kind=Kind.TOY)]
for _item in DEFAULTS:
    store.add(_item)


def kinds():
    return [kind.value for kind in Kind]

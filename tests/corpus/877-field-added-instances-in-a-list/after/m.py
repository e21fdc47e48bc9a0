from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: int = 1
    tag: str = "new"


store = {}
DEFAULTS = [Item("a"), Item("b", 2)]
BY_NAME = {item.name: item for item in [Item("c")]}
for _item in DEFAULTS:
    store[_item.name] = _item

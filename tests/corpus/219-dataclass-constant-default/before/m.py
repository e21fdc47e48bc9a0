from dataclasses import dataclass

from conf import PRICE


@dataclass
class Item:
    name: str
    price: int = PRICE

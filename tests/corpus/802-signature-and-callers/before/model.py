from dataclasses import dataclass

from conf import RATE


@dataclass
class Item:
    name: str
    price: int = RATE

    def cost(self):
        return self.price * RATE

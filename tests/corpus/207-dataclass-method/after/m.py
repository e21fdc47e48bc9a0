from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    price: float = 1.0
    tags: list = field(default_factory=list)

    def total(self, n=1):
        return self.price * n + 1


@dataclass
class Book(Item):
    pages: int = 10

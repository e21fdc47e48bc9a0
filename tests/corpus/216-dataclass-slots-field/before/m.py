from dataclasses import dataclass, field


@dataclass(slots=True)
class Item:
    name: str
    price: float = 1.0
    tags: list = field(default_factory=list)

    def total(self, n=1):
        return self.price * n


@dataclass(slots=True)
class Book(Item):
    pages: int = 10

from enum import Enum


class Mode(Enum):
    IDLE = 1
    BUSY = 2

    @property
    def label(self):
        return self.name.title()


class Product:
    def __init__(self, cents):
        self.cents = cents

    def price(self):
        return self.cents / 50


PRODUCTS = [Product(100), Product(250)]
LABELS = {mode: mode.label for mode in Mode}
TOTAL = sum(product.price() for product in PRODUCTS)

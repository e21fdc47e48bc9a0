import conf
from model import Item

STOCK = {}
sold = 0


def add(name):
    STOCK[name] = Item(name)
    return STOCK[name]


def total(n):
    return sum(i.cost(n) for i in STOCK.values())

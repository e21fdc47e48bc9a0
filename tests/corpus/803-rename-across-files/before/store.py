import conf
from model import Item

STOCK = {}
sold = 0


def add(name):
    STOCK[name] = Item(name)
    return STOCK[name]


def total():
    return sum(i.cost() for i in STOCK.values())

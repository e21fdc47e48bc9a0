from store import STOCK


def total():
    return sum(i.cost() for i in STOCK.values()) + 100

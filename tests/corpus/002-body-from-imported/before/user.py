from m import price
from m import price as cost

HANDLERS = {"price": price}

def total():
    return price(1) + cost(2) + HANDLERS["price"](3)

def price(n):
    return n * 2

class Money:
    def __init__(self, cents):
        self.cents = cents

    def __add__(self, other):
        return self.cents + other.cents

    def __len__(self):
        return 1

    def __call__(self, factor):
        return self.cents * factor


price = Money(10)
tax = Money(2)
TOTAL = price + tax
SIZES = [len(one) for one in (price, tax)]
TWICE = price(2)

class A:
    def __repr__(self):
        return "A()"


ITEMS = [A()]
